/// Attention heads of an encoder, which its weights do not tell.
struct WeightsHeads {
  /// Heads of widths that have a name, which are not all width / 64.
  private static let usual = [192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16, 1408: 16, 1664: 16]

  private let path: String
  /// What the file and `config.json` beside it call heads, the encoder's own first.
  private let said: [(count: Int, rank: Int, origin: String)]

  init(_ file: any WeightsContents) {
    path = file.path
    let remarks = file.remarks.map { (name: $0.name, text: $0.text, origin: "\($0.name) of the file") }
    let beside = file.configuration.map {
      (name: $0.name, text: $0.text, origin: "\($0.name) of config.json beside it")
    }
    said = (remarks + beside).compactMap { remark in
      guard let rank = Self.rank(of: remark.name), let count = Int(remark.text), (1...256).contains(count)
      else {
        return nil
      }
      return (count, rank, remark.origin)
    }.sorted { $0.rank < $1.rank }
  }

  /// How surely a dotted name tells the encoder's heads, 0 the surest; nil for a name that does not.
  private static func rank(of name: String) -> Int? {
    let words = name.lowercased().split { $0 == "." || $0 == "/" }
    let names = ["num_heads", "num_attention_heads", "n_heads", "heads", "nhead"]
    guard let last = words.last, let place = names.firstIndex(of: String(last)) else { return nil }
    let owners = words.dropLast()
    func isOf(_ parts: [String]) -> Bool { owners.contains { word in parts.contains { word.contains($0) } } }
    if isOf(["encoder", "backbone", "vit"]) && !isOf(["decoder"]) { return place }
    return isOf(["predictor", "decoder", "head", "teacher_head", "text", "probe", "classifier"])
      ? nil : 10 + place
  }

  /// - Parameter asked: as the user says; nil = by what is said, by the usual heads of the width, width / 64.
  /// - Throws: `WeightsFileError` where nothing tells them, or two things disagree.
  func heads(ofWidth width: Int, asked: Int?) throws -> (Int, String) {
    let surest = said.filter { $0.rank == said[0].rank }
    if asked == nil, let other = surest.first(where: { $0.count != surest[0].count }) {
      throw WeightsFileError(
        path, nil,
        "\(surest[0].count) attention heads by \(surest[0].origin), \(other.count) by \(other.origin); give --heads N"
      )
    }
    let found: (Int, String)? =
      if let asked {
        (asked, "--heads")
      } else if let own = surest.first {
        (own.count, own.origin)
      } else if let count = Self.usual[width] {
        (count, "usual for width \(width)")
      } else if width % 64 == 0 {
        (width / 64, "width / 64")
      } else {
        nil
      }
    guard let found else {
      throw WeightsFileError(
        path, nil,
        "weights do not tell the attention heads, and none are usual for width \(width); give --heads N")
    }
    guard found.0 > 0, width % found.0 == 0 else {
      throw WeightsFileError(
        path, nil, "\(found.0) heads (\(found.1)) do not divide the width \(width); give --heads N")
    }
    return found
  }
}
