import CoreTensor
import Imaging
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "pca", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(PCAEvaluation.definition)
  }
}

/// Patch features of several radiographs on their common principal components, shown as colours (DINOv2, Oquab et al.
/// 2023, figure 1).
///
/// The first component of all patches parts foreground from background. The first three components of the foreground's
/// patches alone are red, green and blue, so that what has one colour in two radiographs has like features.
struct PCAEvaluation: ModelEvaluation {
  static let definition = EvaluationDefinition(
    name: "pca",
    summary: "Show a run's patch features as colours, by common principal components of radiographs",
    options: [
      OptionDeclaration(
        "images", .integer(default: 64, in: 2...4096),
        help: "radiographs that have components in common, spread over the test radiographs"),
      OptionDeclaration(
        "pictures", .integer(default: 8, in: 0...64), help: "radiographs that are drawn, of these"),
      OptionDeclaration(
        "layer", .integer(default: -1, in: -1...1000),
        help: "features after so many blocks: 0 as patches enter the first; -1 the last, with its norm"),
      OptionDeclaration(
        "enlargement", .integer(default: 0, in: 0...16),
        help:
          "times that the image is larger than in training, for so many times as many patches along a side, whose positions "
          + "lie between those of training; 0: as often as \(patchesWanted) patches along a side need"),
      OptionDeclaration(
        "encoder", .choice(default: "target", of: ["target", "context"]), help: "whose features are shown"),
      OptionDeclaration(
        "center", .choice(default: "none", of: ["none", "place"]),
        help:
          "place: without the mean over radiographs at each place, so that no colour says where a patch lies; none: as "
          + "they are"),
      OptionDeclaration(
        "foreground", .choice(default: "component", of: ["component", "all"]),
        help: "component: the patches that the first component parts from the background; all: every patch"),
    ],
    trial: ["images": .integer(6), "pictures": .integer(1)],
    command: EvaluationCommand(examples: [
      EvaluationExample("pca runs/first", "of radiographs that the run set apart"),
      EvaluationExample(
        "pca runs/first --enlargement 1 --out runs/first/pca-plain",
        "of images as large as in training"),
      EvaluationExample(
        "pca runs/first --layer 2 --center place --out runs/first/pca-layer-2",
        "of a lower layer, and what of it is not the place alone"),
    ]),
    makeForModel: { PCAEvaluation($0) }
  ).explaining { ColoredRadiograph(evaluation: PCAEvaluation($0)) }

  /// Patches along a side with which a picture can be read.
  private static let patchesWanted = 24

  let images: Int
  let pictures: Int
  /// -1 for the last.
  let layer: Int
  /// 0 for as many as `patchesWanted` needs.
  let enlargement: Int
  let usesTarget: Bool
  /// Whether the mean over radiographs at each place is removed.
  let centersPlaces: Bool
  let partsForeground: Bool

  init(_ options: Options) {
    images = options.integer("images")
    pictures = options.integer("pictures")
    layer = options.integer("layer")
    enlargement = options.integer("enlargement")
    usesTarget = options.text("encoder") == "target"
    centersPlaces = options.text("center") == "place"
    partsForeground = options.text("foreground") == "component"
  }

  func callAsFunction(_ input: ModelEvaluationInput) throws -> EvaluationResult {
    let count = min(images, input.test.count)
    guard count > 1 else {
      throw PCAError(
        "expected two test radiographs or more, found \(input.test.count); raise data.holdout_fraction")
    }
    let chosen = input.test.equallySpaced(count)
    try input.workspace.note("\(count) of \(input.test.count) test radiographs")
    let enlargement = try chosenEnlargement(input)
    let radiographs = try ShownRadiographs(input, chosen, enlargement: enlargement)
    return result(try colors(input, radiographs, enlargement), radiographs, enlargement)
  }

  /// The colours by the trained and by the random model.
  func colors(
    _ input: ModelEvaluationInput, _ radiographs: ShownRadiographs, _ enlargement: Int
  ) throws -> [(subject: String, colors: PatchColors)] {
    let models = [("trained", input.model), ("random", input.makeUntrained())]
    var colors: [(subject: String, colors: PatchColors)] = []
    for (index, (subject, model)) in models.enumerated() {
      var features = try features(of: radiographs, by: model, enlargement)
      if centersPlaces { features.removeMeanAtPlaces(patches: radiographs.patchCount) }
      colors.append(
        (subject, try PatchColors(features, radiographs, partsForeground: partsForeground, subject)))
      input.workspace.progress(
        "encoder", index + 1, of: models.count, radiographs: (index + 1) * radiographs.count, loss: nil)
      if input.workspace.isStopRequested && index + 1 < models.count { throw EvaluationStopped() }
    }
    return colors
  }

  /// - Throws: `PCAError` where the model has no such encoder, or the encoder no such layer.
  private func features(
    of radiographs: ShownRadiographs, by model: WorldModel, _ enlargement: Int
  ) throws -> PatchFeatures {
    let own = try encoder(of: model)
    guard let encoder = model.enlarged(own, to: own.shape.imageSize * enlargement) else {
      throw PCAError(
        "enlargement = \(enlargement): the encoder \"\(type(of: own))\" takes images of \(own.shape.imageSize) pixels "
          + "alone, not of \(own.shape.imageSize * enlargement); give --enlargement 1")
    }
    let depth = encoder.shape.depth
    let features = try PackedWeights.keeping {
      try withoutGradients {
        try PatchFeatures(radiographs) { encoder.features($0, after: layer < 0 ? depth : layer) }
      }
    }
    guard let features else {
      throw PCAError(
        "layer = \(layer): the encoder \"\(type(of: encoder))\" has no such layer; expected 0 to \(depth), or -1 for the "
          + "last (an encoder of a plugin may have the last alone)")
    }
    return features
  }

  private func encoder(of model: WorldModel) throws -> any ImageEncoder {
    guard let encoder: any ImageEncoder = usesTarget ? model.targetEncoder : model.encoder else {
      throw PCAError(
        "encoder = \"target\": expected a model with a target encoder, found none "
          + "(model.target_encoder = \"absent\"); give --encoder context")
    }
    return encoder
  }

  /// What is asked for, else as much as a picture wants; 1 where the encoder cannot, of which the user is told.
  func chosenEnlargement(_ input: ModelEvaluationInput) throws -> Int {
    guard enlargement == 0 else { return enlargement }
    let encoder = try encoder(of: input.model)
    let gridSize = encoder.shape.gridSize
    let wanted = (Self.patchesWanted + gridSize - 1) / gridSize
    if input.model.enlarged(encoder, to: encoder.shape.imageSize * wanted) != nil { return wanted }
    try input.workspace.warn(
      "the encoder \"\(type(of: encoder))\" takes images of \(encoder.shape.imageSize) pixels alone, so that there are "
        + "\(gridSize) patches along a side")
    return 1
  }

  private func result(
    _ colors: [(subject: String, colors: PatchColors)], _ radiographs: ShownRadiographs, _ enlargement: Int
  ) -> EvaluationResult {
    let rows = colors[0].colors.figures.map(\.name)
    func key(_ row: String, _ subject: String) -> MetricKey { MetricKey(row, subject: subject) }
    let metrics = colors.flatMap { subject, colors in
      colors.figures.map { EvaluationMetric(key($0.name, subject), $0.value) }
    }
    let hasSheet = pictures > 0
    return EvaluationResult(
      metrics, summary: key(PatchColors.together, colors[0].subject),
      tables: [
        MetricTable(
          "", rows: rows,
          columns: colors.map { column in .init(column.subject, rows.map { key($0, column.subject) }) })
      ],
      sheets: hasSheet ? ["pca": sheet(colors, radiographs, shown(of: radiographs.count), enlargement)] : [:],
      notes: [
        "explained: share of the features' variance over patches",
        "by place alone: share of a component's variance that its mean over radiographs at each place explains, of which 1 "
          + "in \(radiographs.count) is by chance",
      ] + (hasSheet ? ["pca.png: features as colours"] : []))
  }

  /// Radiographs that are drawn, at equal distances.
  private func shown(of count: Int) -> [Int] {
    Array(0..<count).equallySpaced(pictures)
  }

  func sheet(
    _ colors: [(subject: String, colors: PatchColors)], _ radiographs: ShownRadiographs, _ shown: [Int],
    _ enlargement: Int
  ) -> PictureSheet {
    let rows = shown.map { index in
      PictureSheet.Row(
        label: radiographs.records[index].identifier,
        groups: [
          [PictureSheet.Picture(radiographs.pictures[index], captions: ["radiograph"])]
            + colors.map { subject, colors in
              PictureSheet.Picture(
                colors.picture(index, over: radiographs.pictures[index]),
                captions: [subject == "trained" ? "features, trained" : "features, random"])
            }
        ])
    }
    return PictureSheet(
      title: "Patch features as colours",
      notes: [
        "Red, green and blue are the first three principal components of the "
          + (partsForeground ? "foreground's features" : "features")
          + ", common to \(radiographs.count) radiographs: like colours, like features.",
        partsForeground
          ? "Dark: background, which the first component of all patches parts from the foreground."
          : "Every patch is coloured.",
        (enlargement > 1 ? "Images are \(enlargement) times larger than in training. " : "")
          + (centersPlaces
            ? "Removed before: the mean over radiographs at each place." : "Features are as they are."),
      ], rows: rows, pictureSide: 200)
  }
}

struct PCAError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = "pca: " + description }
}
