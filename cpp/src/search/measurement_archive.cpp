#include "search/measurement_archive.h"

#include <chrono>
#include <cmath>

#include "tinynas/error.h"

namespace tinynas {

MeasurementArchive::Key MeasurementArchive::key_of(const Candidate& candidate,
                                                   const Fidelity& fidelity) {
  return {candidate.id, fidelity.recalibration_images, fidelity.images, fidelity.split,
          fidelity.int8};
}

MeasurementArchive::MeasurementArchive(const SearchSpace& space, Evaluator& evaluator,
                                       RunStore* store)
    : space_(space), evaluator_(evaluator), store_(store) {
  if (store_ == nullptr) return;
  const std::vector<double> seconds = store_->recorded_seconds();
  for (std::size_t i = 0; i < store_->recorded().size(); ++i) {
    const MeasurementRecord& record = store_->recorded()[i];
    entries_[key_of(record.proposal.candidate, record.fidelity)] = {record.measurement, seconds[i]};
  }
}

std::vector<Measurement> MeasurementArchive::measure(const std::vector<Wanted>& wanted,
                                                     const std::string& mcu) {
  std::vector<const Wanted*> missing;
  for (const Wanted& one : wanted) {
    if (!entries_.contains(key_of(one.proposal.candidate, one.fidelity))) missing.push_back(&one);
  }
  if (!missing.empty()) evaluate(missing, mcu);
  std::vector<Measurement> measurements;
  for (const Wanted& one : wanted) {
    Entry& entry = entries_.at(key_of(one.proposal.candidate, one.fidelity));
    seconds_ += entry.seconds;
    entry.seconds = 0;
    measurements.push_back(entry.measurement);
  }
  return measurements;
}

void MeasurementArchive::evaluate(const std::vector<const Wanted*>& wanted,
                                  const std::string& mcu) {
  using Clock = std::chrono::steady_clock;
  std::vector<Subnet> subnets;
  for (const Wanted* one : wanted) {
    subnets.push_back(space_.decode(one->proposal.candidate.genotype));
  }
  const Clock::time_point start = Clock::now();
  const auto measurements = evaluator_.evaluate(subnets, wanted.front()->fidelity);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::vector<MeasurementRecord> records;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Wanted& one = *wanted[i];
    if (!std::isfinite(measurements[i].score) || !std::isfinite(measurements[i].accuracy)) {
      throw Error(ExitCode::kInternal, "measuring " + one.proposal.candidate.id +
                                           " gave a score that is no number: the supernet's "
                                           "weights are broken");
    }
    records.push_back({one.kind, mcu, one.proposal, one.fidelity, measurements[i]});
    entries_[key_of(one.proposal.candidate, one.fidelity)] = {
        measurements[i], seconds / static_cast<double>(wanted.size())};
  }
  made_ += records.size();
  if (store_ != nullptr) store_->append(records, seconds);
}

}  // namespace tinynas
