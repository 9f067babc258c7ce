// SPDX-License-Identifier: Apache-2.0
// What nearly every file includes, parsed once for each room (`-Db_pch=true`): each then takes
// little more than half the time. No file relies on it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coracle/base/json.hpp"
