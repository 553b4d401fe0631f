/// A file of weights that is refused: which, where in it, and why, with the remedy.
struct WeightsFileError: Error, Equatable, CustomStringConvertible {
  let file: String
  /// An entry or a byte of the file; nil for the whole.
  let place: String?
  let problem: String

  init(_ file: String, _ place: String? = nil, _ problem: String) {
    self.file = file
    self.place = place
    self.problem = problem
  }

  var description: String { file + (place.map { ", \($0)" } ?? "") + ": " + problem }
}
