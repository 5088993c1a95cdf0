#include "tinyengine/memory_map.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "tinynas/bytes.h"

namespace tinynas {
namespace {

constexpr double kLeft = 84, kTop = 76, kHeight = 440, kBottom = 96, kRight = 24;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

struct Point {
  double op = 0;      ///< time, in operators
  double offset = 0;  ///< bytes
};

class MemoryMap {
 public:
  MemoryMap(const std::string& title, const Graph& graph, const MemoryPlan& plan,
            const McuBudget* budget)
      : title_(title), graph_(graph), plan_(plan), budget_(budget) {
    column_ = std::clamp(1040.0 / static_cast<double>(graph.ops.size()), 11.0, 60.0);
    width_ = kLeft + column_ * static_cast<double>(graph.ops.size()) + kRight;
    // A budget far above the peak would press the map flat.
    top_bytes_ = static_cast<double>(std::max<std::int64_t>(plan.peak_sram_bytes, 1));
    if (budget != nullptr && static_cast<double>(budget->sram_bytes) < 1.6 * top_bytes_) {
      top_bytes_ = std::max(top_bytes_, static_cast<double>(budget->sram_bytes));
      budget_shown_ = true;
    }
    top_bytes_ *= 1.04;
  }

  std::string draw() {
    open();
    axes();
    peak_frame();
    for (const Placement& place : plan_.placements) shape(place);
    lines();
    legend();
    return svg_ + "</svg>\n";
  }

 private:
  double x(double op) const { return kLeft + column_ * op; }
  double y(double bytes) const { return kTop + kHeight * (1 - bytes / top_bytes_); }

  void text(double px, double py, const std::string& css, const std::string& content) {
    svg_ += "<text class=\"" + css + "\" x=\"" + number(px) + "\" y=\"" + number(py) + "\">" +
            escaped(content) + "</text>\n";
  }
  void line(double x1, double y1, double x2, double y2, const std::string& css) {
    svg_ += "<line class=\"" + css + "\" x1=\"" + number(x1) + "\" y1=\"" + number(y1) +
            "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) + "\"/>\n";
  }

  void open() {
    const double height = kTop + kHeight + kBottom;
    svg_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width_) + " " +
           number(height) + "\" width=\"" + number(width_) + "\" height=\"" + number(height) +
           "\" role=\"img\">\n<style>\n"
           "svg{background:#fff;font-family:system-ui,'DejaVu Sans',sans-serif}\n"
           "text{font-size:11px;fill:#444}.title{font-size:17px;font-weight:600;fill:#111}\n"
           ".small{font-size:10px;fill:#666}.end{text-anchor:end}.mid{text-anchor:middle}\n"
           ".name{font-size:10px;fill:#fff;text-anchor:middle;pointer-events:none}\n"
           ".grid{stroke:#e6e6ea}.axis{stroke:#999}\n"
           ".peak{stroke:#c0392b;stroke-width:1.5}.peaktext{fill:#c0392b;font-weight:600}\n"
           ".budget{stroke:#222;stroke-dasharray:6 4}"
           ".budgettext{paint-order:stroke;stroke:#fff;stroke-width:3px;fill:#222}.frame{fill:#"
           "c0392b;opacity:.07}\n"
           ".shape{stroke:#fff;stroke-width:.6;opacity:.9}.shape:hover{opacity:1;stroke:#000}\n"
           "</style>\n<defs><pattern id=\"rows\" width=\"6\" height=\"6\" "
           "patternUnits=\"userSpaceOnUse\"><rect width=\"6\" height=\"6\" fill=\"#f2b134\"/>"
           "<rect width=\"6\" height=\"2\" fill=\"#d68910\"/></pattern></defs>\n";
    text(kLeft, 28, "title",
         title_ + ": " + format_count(plan_.peak_sram_bytes) + " bytes of SRAM under " +
             plan_.runtime);
    std::string line = format_count(static_cast<std::int64_t>(graph_.ops.size())) + " operators, " +
                       format_count(plan_.macs) + " MACs";
    if (plan_.extra_macs > 0) line += " (" + format_count(plan_.extra_macs) + " computed again)";
    if (!plan_.segments.empty()) line += std::string(", image ") + input_mode_name(plan_.input);
    if (budget_ != nullptr) {
      line += ", " + budget_->name + " has " + format_count(budget_->sram_bytes) + " bytes";
    }
    text(kLeft, 48, "", line);
  }

  void axes() {
    double step = 1024;
    while (top_bytes_ / step > 8) step *= 2;
    if (top_bytes_ < 4096) step = 512;
    for (double bytes = 0; bytes <= top_bytes_; bytes += step) {
      line(kLeft, y(bytes), width_ - kRight, y(bytes), "grid");
      text(kLeft - 8, y(bytes) + 4, "end", format_bytes(static_cast<std::int64_t>(bytes)));
    }
    line(kLeft, y(0), width_ - kRight, y(0), "axis");
    const auto every = static_cast<std::size_t>(std::max(1.0, 22 / column_ + 0.99));
    for (std::size_t i = 0; i < graph_.ops.size(); i += every) {
      text(x(static_cast<double>(i) + 0.5), y(0) + 15, "small mid", std::to_string(i));
    }
    text(kLeft, y(0) + 32, "small", "operators in the order of execution");
  }

  void peak_frame() {
    double first = plan_.peak_op, end = plan_.peak_op + 1.0;
    for (const Segment& segment : plan_.segments) {
      if (plan_.peak_op < segment.first_op || plan_.peak_op >= segment.end_op) continue;
      first = segment.first_op;
      end = segment.end_op;
    }
    svg_ += "<rect class=\"frame\" x=\"" + number(x(first)) + "\" y=\"" + number(kTop) +
            "\" width=\"" + number(x(end) - x(first)) + "\" height=\"" + number(kHeight) + "\"/>\n";
  }

  void lines() {
    const double peak = y(static_cast<double>(plan_.peak_sram_bytes));
    line(kLeft, peak, width_ - kRight, peak, "peak");
    svg_ += "<text class=\"peaktext end\" x=\"" + number(width_ - kRight) + "\" y=\"" +
            number(peak - 5) + "\">peak " + format_count(plan_.peak_sram_bytes) + "</text>\n";
    if (!budget_shown_) return;
    const double budget = y(static_cast<double>(budget_->sram_bytes));
    line(kLeft, budget, width_ - kRight, budget, "budget");
    text(kLeft + 6, budget - 5, "budgettext", "budget " + format_count(budget_->sram_bytes));
  }

  const Segment* segment_at(std::int32_t first_op) const {
    for (const Segment& segment : plan_.segments) {
      if (segment.first_op == first_op) return &segment;
    }
    return nullptr;
  }
  /// The segment whose end is `end_op`.
  const Segment* segment_to(std::int32_t end_op) const {
    for (const Segment& segment : plan_.segments) {
      if (segment.end_op == end_op) return &segment;
    }
    return nullptr;
  }

  /// Where a whole tensor's rows are: written one by one in the segment that makes it, forgotten
  /// one by one in the one that reads it last.
  std::vector<Point> outline(const Placement& place) const {
    const double low = static_cast<double>(place.offset_bytes);
    const double high = low + static_cast<double>(place.bytes);
    const Segment* writer = segment_at(place.first_op);
    const Segment* reader = segment_to(place.end_op);
    const bool grows = writer != nullptr && place.first_tensor != graph_.input;
    const bool dies = reader != nullptr && reader != writer && !reader->has_patches() &&
                      !graph_.is_output(place.first_tensor);
    const double begin = place.first_op, end = place.end_op;
    const double written = grows ? writer->end_op : begin;
    const double dying = dies ? reader->first_op : end;
    std::vector<Point> upper, lower;
    // Top-down the lowest rows come and go first, bottom-up the highest.
    if (grows && writer->bottom_up) {
      lower.push_back({begin, high});
      upper.push_back({begin, high});
      lower.push_back({written, low});
    } else if (grows) {
      lower.push_back({begin, low});
      upper.push_back({begin, low});
      upper.push_back({written, high});
    } else {
      lower.push_back({begin, low});
      upper.push_back({begin, high});
    }
    lower.push_back({dying, low});
    upper.push_back({dying, high});
    if (dies && reader->bottom_up) {
      upper.push_back({end, low});
    } else if (dies) {
      lower.push_back({end, high});
    }
    lower.push_back({end, dies && !reader->bottom_up ? high : low});
    upper.push_back({end, dies && reader->bottom_up ? low : high});
    std::vector<Point> points = lower;
    points.insert(points.end(), upper.rbegin(), upper.rend());
    return points;
  }

  void shape(const Placement& place) {
    const bool whole = place.kind == PlacementKind::kWhole;
    std::vector<Point> points;
    if (whole) {
      points = outline(place);
    } else {
      const double low = static_cast<double>(place.offset_bytes);
      const double high = low + static_cast<double>(place.bytes);
      points = {{double(place.first_op), low},
                {double(place.end_op), low},
                {double(place.end_op), high},
                {double(place.first_op), high}};
    }
    const std::string name =
        place.first_tensor < 0 ? "scratch" : tensor_name(graph_, place.first_tensor);
    svg_ += "<polygon class=\"shape\" fill=\"" + fill(place) + "\" points=\"";
    for (const Point& point : points) {
      svg_ += number(x(point.op)) + "," + number(y(point.offset)) + " ";
    }
    svg_ += "\"><title>" + escaped(name + describe(place)) + "</title></polygon>\n";
    const double wide = x(place.end_op) - x(place.first_op);
    const double tall = y(0) - y(static_cast<double>(place.bytes));
    if (!whole || wide < 11.0 * static_cast<double>(name.size()) || tall < 14) return;
    text((x(place.first_op) + x(place.end_op)) / 2,
         y(static_cast<double>(place.offset_bytes) + static_cast<double>(place.bytes) / 2) + 4,
         "name", name);
  }

  std::string describe(const Placement& place) const {
    std::string result = "\n" + format_count(place.bytes) + " bytes at " +
                         format_count(place.offset_bytes) + "\noperators " +
                         std::to_string(place.first_op) + " to " + std::to_string(place.end_op - 1);
    if (place.kind == PlacementKind::kRing)
      result += "\nring of " + std::to_string(place.rows) + (place.wide ? " int16 rows" : " rows");
    return result;
  }

  std::string fill(const Placement& place) const {
    constexpr const char* kWholeColours[] = {"#2e6f9e", "#3a8f7b", "#5b6fae", "#2f8fa8", "#4d7f58"};
    switch (place.kind) {
      case PlacementKind::kRing:
        return "url(#rows)";
      case PlacementKind::kScratch:
        return "#a9acb6";
      case PlacementKind::kAccumulators:
        return "#8e6bb0";
      case PlacementKind::kWhole:
        break;
    }
    if (place.first_tensor == graph_.input) return "#7d4f9e";
    return kWholeColours[static_cast<std::size_t>(place.first_tensor) % std::size(kWholeColours)];
  }

  void legend() {
    const double py = y(0) + 58;
    double px = kLeft;
    const auto entry = [&](const std::string& colour, const std::string& label) {
      svg_ += "<rect x=\"" + number(px) + "\" y=\"" + number(py - 10) +
              "\" width=\"14\" height=\"12\" fill=\"" + colour + "\"/>\n";
      text(px + 20, py, "", label);
      px += 34 + 6.4 * static_cast<double>(label.size());
    };
    entry("#7d4f9e", "image");
    entry("#2e6f9e", "whole tensor; slanted: rows come and go");
    if (plan_.segments.empty()) return;
    entry("url(#rows)", "ring of rows");
    entry("#a9acb6", "column buffers");
    entry("#f6dedb", "segment of the peak");
  }

  const std::string& title_;
  const Graph& graph_;
  const MemoryPlan& plan_;
  const McuBudget* budget_;
  bool budget_shown_ = false;
  double column_ = 16, width_ = 0, top_bytes_ = 1;
  std::string svg_;
};

}  // namespace

std::string memory_map_svg(const std::string& title, const Graph& graph, const MemoryPlan& plan,
                           const McuBudget* budget) {
  return MemoryMap(title, graph, plan, budget).draw();
}

std::string memory_map_html(const std::string& title, const Graph& graph, const MemoryPlan& plan,
                            const McuBudget* budget, const std::string& text) {
  return "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>" + escaped(title) +
         ": memory map</title>\n<style>\n"
         "body{margin:24px auto;max-width:1200px;background:#fafafc;color:#222;"
         "font-family:system-ui,'DejaVu Sans',sans-serif}\n"
         "figure{margin:0 0 24px;overflow-x:auto;border:1px solid #ddd;border-radius:6px}\n"
         "pre{font:12.5px/1.5 ui-monospace,'DejaVu Sans Mono',monospace;overflow-x:auto}\n"
         "@media(prefers-color-scheme:dark){body{background:#17181c;color:#ddd}"
         "figure{border-color:#333}}\n</style>\n<figure>\n" +
         memory_map_svg(title, graph, plan, budget) + "</figure>\n<pre>" + escaped(text) +
         "</pre>\n</html>\n";
}

}  // namespace tinynas
