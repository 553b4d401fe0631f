import WorldModel

/// The options of the evaluation.
struct SurpriseSettings: Sendable {
  private(set) var images: Int
  let bank: Int
  let block: String
  let passes: Int
  let together: Int
  let centering: Centering
  /// Labels that name the absence of findings.
  let normal: Set<String>
  let task: String
  let neutral: [Float]
  let pictures: Int
  let resamples: Int
  let seed: UInt64

  init(_ options: Options) {
    images = options.integer("images")
    bank = options.integer("bank")
    block = options.text("block")
    passes = options.integer("passes")
    together = options.integer("together")
    centering = Centering(rawValue: options.text("center"))!
    normal = Set(options.texts("normal").map { $0.lowercased() })
    task = options.text("task")
    neutral = options.numbers("neutral").map { Float($0) }
    pictures = options.integer("pictures")
    resamples = options.integer("resamples")
    seed = UInt64(options.integer("seed"))
  }

  /// The same for another number of test radiographs.
  func withImages(_ count: Int) -> SurpriseSettings {
    var settings = self
    settings.images = count
    return settings
  }

  static let declarations = [
    OptionDeclaration(
      "images", .integer(default: 200, in: 1...100_000), help: "radiographs, spread over the test radiographs"
    ),
    OptionDeclaration(
      "bank", .integer(default: 200, in: 0...100_000),
      help:
        "radiographs without findings, spread over those to learn from: what is usual at each place, and the patches "
        + "among which the nearest is looked for; 0: neither"),
    OptionDeclaration(
      "block", .text(default: "0.17"),
      help:
        "rectangle of patches that is hidden: ROWSxCOLUMNS, or the share of the image's area that a square has"
    ),
    OptionDeclaration(
      "passes", .integer(default: 4, in: 1...256), help: "times that each patch is hidden, at least"),
    OptionDeclaration(
      "together", .integer(default: 1, in: 1...64), help: "rectangles that are hidden at once"),
    OptionDeclaration(
      "center", .choice(default: "standardized", of: Centering.allCases.map(\.rawValue)),
      help:
        "standardized: the mean of the bank's maps at each place is subtracted and what is left divided by their deviation "
        + "there, so that a map shows what is more surprising than usual at the place; place: without the division; none: "
        + "errors as they are. The nearest patch's distance is always as it is"),
    OptionDeclaration(
      "normal", .texts(default: ["No Finding", "Normal"]),
      help: "labels that name the absence of findings, in either case"),
    OptionDeclaration("task", .text(default: "domain"), help: "the run's task that changes appearances"),
    OptionDeclaration(
      "neutral", .numbers(default: [1, 1, 1, 0], in: -1000...1000),
      help: "what that task tells of a radiograph that it did not change; zeros follow"),
    OptionDeclaration(
      "pictures", .integer(default: 8, in: 0...64),
      help: "radiographs that are drawn: half of them the most surprising, half of them usual"),
    OptionDeclaration(
      "resamples", .integer(default: 1000, in: 0...100_000),
      help: "resamples of the bootstrap over test patients; 0 gives no intervals"),
    OptionDeclaration(
      "seed", .integer(default: 0, in: 0...Int(Int32.max)), help: "of resamples, beside the run's"),
  ]
}
