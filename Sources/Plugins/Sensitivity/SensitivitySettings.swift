import Foundation
import WorldModel

/// The options of the test, checked.
struct SensitivitySettings: Sendable {
  let radiographs: Int
  let candidates: Int
  let spread: CandidateSpread
  let ranges: AppearanceRanges
  /// Whether means over tokens are compared, rather than all tokens.
  let isPooled: Bool
  /// Whether patches of contexts are hidden as in training, and those alone are predicted.
  let hidesPatches: Bool
  let task: String
  let neutral: [Float]
  let draws: Int
  let pictures: Int
  let seed: UInt64

  /// - Throws: `SensitivityError` where a grid cannot have that many candidates.
  init(_ options: Options) throws {
    radiographs = options.integer("images")
    candidates = options.integer("candidates")
    spread = CandidateSpread(rawValue: options.text("spread"))!
    ranges = AppearanceRanges(
      brightness: options.interval("brightness"), contrast: options.interval("contrast"),
      gamma: options.interval("gamma"), blur: options.interval("blur"))
    isPooled = options.text("distance") == "pooled"
    hidesPatches = options.text("hidden") == "tasks"
    task = options.text("task")
    neutral = options.numbers("neutral").map { Float($0) }
    draws = options.integer("draws")
    pictures = options.integer("pictures")
    seed = UInt64(options.integer("seed"))
    if spread == .grid, CandidateSpread.gridSide(candidates) == nil {
      let side = Int(cbrt(Double(candidates)))
      throw SensitivityError(
        "candidates = \(candidates): spread = \"grid\" needs the cube of a whole number, expected "
          + "\(side * side * side) or \((side + 1) * (side + 1) * (side + 1)) for example")
    }
  }
}
