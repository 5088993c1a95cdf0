#pragma once
// Which image belongs to which split: by content and seed, never by file order.

#include "data/stored.h"

namespace tinynas {

/// Fills dataset.train ... dataset.test and split_hash from `stored` and dataset.options, by the
/// policy written at `Dataset`. Throws BadInput when a class has too few images.
void assign_splits(StoredDataset stored, Dataset& dataset);

}  // namespace tinynas
