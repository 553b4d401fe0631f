import Imaging

/// What a plugin's code did that it promised not to, found where it happened: in training as in checks.
public enum TaskFault: Error, Equatable, CustomStringConvertible {
  case sizeChanged(code: String, view: Int, sample: Int, side: Int, width: Int, height: Int)
  case pixelNotFinite(code: String, view: Int, sample: Int, value: String)
  case toldNotFinite(code: String, number: String, sample: Int)
  case placeNotFinite(code: String, place: GridPlace, moved: GridPlace, numbers: [Float], sample: Int)
  case tokensReshaped(code: String, expected: [Int], found: [Int])
  case notVisited(code: String?, operation: String, shape: [Int])
  case latentTwice(String, tasks: [String])
  case shownTwice([String])
  case nameTwice(String)
  case headAndFollower(task: String, problem: String)

  public var description: String {
    switch self {
    case .sizeChanged(let code, let view, let sample, let side, let width, let height):
      "\(code): view \(view) of sample \(sample) has \(width) × \(height) pixels afterwards, expected \(side) × \(side); "
        + "change pixels and never the size: resize what was cut back to geometry.imageSize"
    case .pixelNotFinite(let code, let view, let sample, let value):
      "\(code): view \(view) of sample \(sample) has a pixel that is \(value) afterwards, expected values in [0, 1]; "
        + "look at divisions and roots in it"
    case .toldNotFinite(let code, let number, let sample):
      "\(code): a number told of sample \(sample) is \(number), expected a finite one; look at divisions by sizes or "
        + "sums that may be 0"
    case .placeNotFinite(let code, let place, let moved, let numbers, let sample):
      "\(code): row \(place.row), column \(place.column) of sample \(sample) becomes row \(moved.row), column "
        + "\(moved.column), told \(numbers); expected finite numbers: look at divisions by what may be 0"
    case .tokensReshaped(let code, let expected, let found):
      "\(code): tokens \(expected) become \(found); expected the same shape for any batch and any number of tokens"
    case .notVisited(let code, let operation, let shape):
      "\(code ?? "the program"): \(operation) uses a parameter of shape \(shape) that is shown to no visitor, so that it "
        + "would be neither trained nor saved; show it, or the module that holds it, in visit(_:) of the latent or "
        + "objective, or make it with trainable: false where it must stay as it is"
    case .latentTwice(let name, let tasks):
      "two latents are called \"\(name)\"\(tasks.isEmpty ? "" : ", of tasks \(tasks.joined(separator: " and "))"); a "
        + "latent's name must be its own: give one of them another"
    case .shownTwice(let names):
      "visit(_:) shows one parameter twice, as \(names.joined(separator: " and as ")), so that it would be trained twice "
        + "a step; show it once"
    case .headAndFollower(let task, let problem):
      "task \"\(task)\", averagedHeads of its objective: \(problem)"
    case .nameTwice(let name):
      "visit(_:) shows two parameters as \(name), of which a checkpoint would keep one; give each a name of its own"
    }
  }

  /// Refuses what a plugin made of an image.
  /// - Parameters:
  ///   - image: afterwards.
  ///   - code: whose it was: `task "a", editPixels`.
  ///   - view: index of the view that it shows.
  ///   - sample: position in the batch.
  ///   - side: that it must have, in pixels.
  public static func check(
    _ image: GrayImage, after code: @autoclosure () -> String, view: Int, sample: Int, side: Int
  ) throws {
    guard image.width == side, image.height == side else {
      throw TaskFault.sizeChanged(
        code: code(), view: view, sample: sample, side: side, width: image.width, height: image.height)
    }
    // Infinities and what is no number have the largest exponent: the largest bits tell, in a loop over vectors.
    let largest = image.pixels.reduce(UInt32(0)) { max($0, $1.bitPattern & 0x7fff_ffff) }
    guard largest >= Float.infinity.bitPattern, let value = image.pixels.first(where: { !$0.isFinite }) else {
      return
    }
    throw TaskFault.pixelNotFinite(code: code(), view: view, sample: sample, value: "\(value)")
  }
}
