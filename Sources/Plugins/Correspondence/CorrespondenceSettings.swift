import WorldModel

/// The options of the evaluation, checked.
struct CorrespondenceSettings: Sendable {
  let radiographs: Int
  let searched: Int
  let means: Int
  private let layers: [Int]
  let enlargements: [Int]
  let densities: [Int]
  let centerings: [Double]
  let penalties: [Double]
  let parts: Int
  let pixels: Int
  let pictures: Int
  let resamples: Int
  let seed: UInt64

  static let options = [
    OptionDeclaration(
      "images", .integer(default: 60, in: 2...500),
      help: "test radiographs with landmarks; every ordered pair of them is tried"),
    OptionDeclaration(
      "searched", .integer(default: 40, in: 0...500),
      help:
        "radiographs with landmarks, of the validation and training splits, on which the reading is chosen; 0: as the "
        + "paper reads alone"),
    OptionDeclaration(
      "means", .integer(default: 64, in: 1...500),
      help: "training radiographs over which the mean at each place is taken"),
    OptionDeclaration(
      "layers", .numbers(default: [], in: 0...1000),
      help: "layers that are tried, by how many blocks patches have passed; none: every one"),
    OptionDeclaration(
      "enlargements", .numbers(default: [1, 2, 4], in: 1...16),
      help: "sizes of the image that are tried, as multiples of the size in training"),
    OptionDeclaration(
      "densities", .numbers(default: [1, 2], in: 1...4),
      help:
        "how densely patches are cut that are tried, along each axis: 1 side by side, 2 overlapping by half, by shifting the "
        + "image"),
    OptionDeclaration(
      "centerings", .numbers(default: [0], in: 0...1),
      help: "shares of the mean over radiographs at each place that are tried to be taken away"),
    OptionDeclaration(
      "penalties", .numbers(default: [0, 3, 10], in: 0...10_000),
      help: "weights of the distance in place that are tried, beside the distance of features"),
    OptionDeclaration(
      "parts", .integer(default: 3, in: 1...8),
      help: "layers and sizes of image that are read together at most, each added where it finds more"),
    OptionDeclaration(
      "pixels", .integer(default: 96, in: 8...512),
      help: "pixels along a side of the map that is looked through"),
    OptionDeclaration(
      "pictures", .integer(default: 3, in: 0...16),
      help: "test radiographs whose maps are drawn, for each landmark"),
    OptionDeclaration(
      "resamples", .integer(default: 1000, in: 0...100_000),
      help: "resamples of the bootstrap over test patients; 0 gives no intervals"),
    OptionDeclaration(
      "seed", .integer(default: 0, in: 0...Int(Int32.max)), help: "of resamples, beside the run's"),
  ]

  /// - Throws: `CorrespondenceError` where a number that counts something is no whole number, or nothing is to be tried.
  init(_ options: Options) throws {
    radiographs = options.integer("images")
    searched = options.integer("searched")
    means = options.integer("means")
    layers = try Self.whole("layers", options)
    enlargements = try Self.whole("enlargements", options)
    densities = try Self.whole("densities", options)
    (centerings, penalties) = (options.numbers("centerings"), options.numbers("penalties"))
    parts = options.integer("parts")
    pixels = options.integer("pixels")
    pictures = options.integer("pictures")
    resamples = options.integer("resamples")
    seed = UInt64(options.integer("seed"))
    for name in ["enlargements", "densities", "centerings", "penalties"] where options.numbers(name).isEmpty {
      throw CorrespondenceError("\(name) = []: expected one number or more, which are tried")
    }
  }

  /// Pixels along the longer side of a radiograph that are looked at, by a model of such images or by people.
  func side(_ imageSize: Int) -> Int { max(512, imageSize * (enlargements.max() ?? 1)) }

  /// The search looks at a map of half as many pixels a side.
  var searchedPixels: Int { max(pixels / 2, 8) }

  /// The layers that are tried.
  func layers(of reader: TokenReader) -> [Int] {
    layers.isEmpty ? (0...reader.depth).filter(reader.has) : layers
  }

  /// - Throws: `CorrespondenceError` where a layer that was asked for is none of the encoder's.
  func check(_ reader: TokenReader) throws {
    if let layer = layers.first(where: { !reader.has(layer: $0) }) {
      throw CorrespondenceError(
        "layers: expected layers of the run's encoder, 0 to \(reader.depth), found \(layer), which it does not show"
      )
    }
  }

  private static func whole(_ name: String, _ options: Options) throws -> [Int] {
    try options.numbers(name).map { number in
      guard number == number.rounded() else {
        throw CorrespondenceError("\(name): expected whole numbers, found \(number)")
      }
      return Int(number)
    }
  }
}

struct CorrespondenceError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = "correspondence: " + description }
}
