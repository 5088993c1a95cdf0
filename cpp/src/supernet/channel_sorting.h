#pragma once
// Brings the most important channels to the front, so that the first channels, which every subnet
// shares, matter most.

#include <map>
#include <string>

#include "supernet/elastic_network.h"

namespace tinynas {

/// Sorts by the L1 norm of the weights that read a channel (Once-for-all, section 3.3): expanded
/// channels of each block, and with elastic stage width the output channels of a stage by one
/// permutation common to all its blocks (shortcuts) and to the next stage's inputs; stem and head
/// likewise. The largest subnet computes the same function as before, and so does every subnet of
/// what `elastic` (as TrainingPhase::elastic) has let training cut out already: channels are sorted
/// between the counts at which it cut, as Once-for-all's published code does from the second stage
/// of expand ratios on.
void sort_channels(Supernet& supernet, const std::map<std::string, int>& elastic);

}  // namespace tinynas
