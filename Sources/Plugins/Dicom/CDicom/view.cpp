#include "radiograph.hpp"

namespace chex {

namespace {

/// A view of CID 4010 in the words of View Position.
struct CodedView {
  const char *code;
  const char *view;
};

/// SNOMED's codes, those of SRT (also written under SNM3) and those that followed them. Other views of the list show no
/// chest from the front or the side, and are told by their meaning.
constexpr CodedView CODED_VIEWS[] = {
    {"R-10214", "PA"},      {"R-40888", "PA"},      {"272479007", "PA"},      {"R-10206", "AP"},
    {"399348003", "AP"},    {"R-10202", "FRONTAL"}, {"399033003", "FRONTAL"}, {"R-10236", "LL"},
    {"399173006", "LL"},    {"R-10232", "RL"},      {"399198007", "RL"},      {"R-102CD", "LATERAL"},
    {"399067008", "LATERAL"},
};

std::string letters_of(std::string_view text) {
  std::string letters;
  for (char letter : text) {
    if (letter >= 'A' && letter <= 'Z') letters += char(letter - 'A' + 'a');
    if (letter >= 'a' && letter <= 'z') letters += letter;
  }
  return letters;
}

/// The view that a code's meaning names; the meaning itself where it is no plain view of a chest.
std::string named_view(std::string_view meaning) {
  std::string letters = letters_of(meaning);
  auto has = [&](const char *word) { return letters.find(word) != std::string::npos; };
  if (has("oblique") || has("axial") || has("medial") || has("decubitus")) return std::string(meaning);
  if (has("posteroanterior") || letters == "pa") return "PA";
  if (has("anteroposterior") || letters == "ap") return "AP";
  if (has("leftlateral")) return "LL";
  if (has("rightlateral")) return "RL";
  if (has("lateral") && !has("bilateral") && !has("unilateral")) return "LATERAL";
  if (has("frontal")) return "FRONTAL";
  return std::string(meaning);
}

}  // namespace

std::string view_of(const DataSet &data) {
  std::string_view position = data.text(0x00185101);
  if (!position.empty()) return std::string(position);
  for (const DataSet &item : data.items(0x00540220)) {
    std::string_view code = item.text(0x00080100);
    for (const CodedView &coded : CODED_VIEWS) {
      if (code == coded.code) return coded.view;
    }
    std::string_view meaning = item.text(0x00080104);
    if (!meaning.empty()) return named_view(meaning);
  }
  return {};
}

}  // namespace chex
