import Console
import CoreTensor
import Foundation
import NeuralNetworks
import PluginHost
import Runs
import Training
import Weights
import WorldModel

/// Makes a run of a file of weights, at step 0, which every other command opens.
struct WeightsImport {
  private let weights: RecognizedWeights
  private let sizes: WeightsSizes
  /// What the file's family would have a run be.
  private let suggested: [WeightsSetting]
  private let setup: RunSetup
  private let allowances: WeightsAllowances
  /// Settings that come from the file, as `table.key`, in order.
  private let inferred: [SettingAssignment]

  /// Reads the file's sizes and resolves the run's settings: those of the command line, and the file's for the rest.
  /// - Throws: `UsageError` where a size that the file tells is set otherwise; `WeightsFileError`, `SettingsError`.
  init(_ arguments: ParsedArguments) throws {
    let file = try WeightsFile(path: arguments.required("FILE"))
    allowances = WeightsAllowances(
      missing: arguments.values("--allow-missing"), unexpected: arguments.values("--allow-unexpected"))
    weights = try RecognizedWeights(
      file, WeightsFamilies(pluginsFile: arguments.value("--plugins")), named: arguments.value("--family")
    ).leavingOutPredictor(by: allowances)
    sizes = try weights.sizes(heads: arguments.integer("--heads", in: 1...256))
    var request = try SettingsRequest(arguments)
    if let patch = try arguments.integer("--patch-size", in: 2...512) {
      let key = SettingKey("model", "patch_size")
      guard !request.assignments.contains(where: { $0.key == key }) else {
        throw UsageError("--patch-size and --set: \(key) is set twice; keep one of them")
      }
      request.assignments.append(SettingAssignment(key, .value(.integer(patch)), from: .flag("--patch-size")))
    }
    let given = try request.keys()
    let hasPredictor = sizes.predictor != nil
    if let fixed = given.sorted(by: { $0.description < $1.description }).first(where: {
      Self.isFixed($0, hasPredictor: hasPredictor)
    }) {
      throw UsageError("\(fixed): the file tells this size; leave it out of flags and --config")
    }
    suggested = try weights.settings(sizes, given: Set(given.map(\.description)))
    inferred = try Self.assignments(sizes, suggested, file.path, given, request)
    request.assignments = inferred + request.assignments
    setup = try RunSetup(request, pluginsFile: arguments.value("--plugins"))
  }

  private static func isFixed(_ key: SettingKey, hasPredictor: Bool) -> Bool {
    let own = [
      "size", "width", "depth", "heads", "mlp_ratio", "channels", "class_token", "registers", "positions",
      "layer_scale", "feed_forward", "hidden_norm", "query_key_norm", "projection_bias",
    ]
    let predictor = ["predictor_width", "predictor_depth", "predictor_mlp_ratio"]
    return key.table == "model" && (own.contains(key.name) || hasPredictor && predictor.contains(key.name))
  }

  private static func assignments(
    _ sizes: WeightsSizes, _ suggested: [WeightsSetting], _ path: String, _ given: Set<SettingKey>,
    _ request: SettingsRequest
  ) throws -> [SettingAssignment] {
    let origin = SettingOrigin.flag(Folder.name(of: path))
    var found: [SettingAssignment] = []
    func add(_ key: SettingKey, _ value: OptionValue) {
      guard !given.contains(key), !found.contains(where: { $0.key == key }) else { return }
      found.append(SettingAssignment(key, .value(value), from: origin))
    }
    func add(_ name: String, _ value: OptionValue) { add(SettingKey("model", name), value) }
    add("size", .text("custom"))
    add("width", .integer(sizes.width))
    add("depth", .integer(sizes.depth))
    add("heads", .integer(sizes.heads))
    add("mlp_ratio", .number(sizes.mlpRatio))
    add("patch_size", .integer(sizes.patchSize))
    for (name, value) in settings(of: sizes.design) { add(name, value) }
    if let size = sizes.imageSize {
      add("image_size", .integer(size))
    } else if !given.contains(SettingKey("model", "image_size")) {
      throw UsageError(
        "\(path) has no table of position encodings to tell the image's size; give --image-size")
    }
    if let predictor = sizes.predictor {
      add("predictor_width", .integer(predictor.width))
      add("predictor_depth", .integer(predictor.depth))
      add("predictor_heads", .integer(0))
      if predictor.mlpRatio != sizes.mlpRatio { add("predictor_mlp_ratio", .number(predictor.mlpRatio)) }
    } else if sizes.mlpRatio != sizes.mlpRatio.rounded() {
      // The predictor's width is another, of which a ratio such as 48 / 11 need not be whole.
      add("predictor_mlp_ratio", .number(4))
    }
    let tasks = tasks(of: suggested, request)
    let tables = Set(SettingsCatalogue.runnerTables.map(\.name))
    for setting in suggested where tables.contains(setting.table) || tasks?.contains(setting.table) ?? true {
      add(SettingKey(setting.table, setting.key), setting.value)
    }
    if let order = sizes.positionOrder {
      add(compatibility, .text(Self.compatibility(of: order).rawValue))
    }
    return found
  }

  /// Settings of a design that are not the plain encoder's.
  private static func settings(of design: EncoderDesign) -> [(name: String, value: OptionValue)] {
    let (blocks, turns) = (design.blocks, design.positions.turns)
    let all: [(String, OptionValue, Bool)] = [
      ("channels", .integer(design.channels), design.channels != 3),
      ("class_token", .boolean(true), design.hasClassToken),
      ("registers", .integer(design.registers), design.registers > 0),
      ("positions", .text(design.positions.rawValue), design.positions != .fixed),
      ("rotary_base", .number(design.rotary.base), turns),
      ("rotary_grid", .integer(design.rotary.grid), turns),
      ("layer_scale", .number(blocks.layerScale), blocks.layerScale > 0),
      ("feed_forward", .text(blocks.feedForward.rawValue), blocks.feedForward != .gelu),
      ("hidden_norm", .boolean(true), blocks.normalizesHidden),
      ("query_key_norm", .boolean(true), blocks.normalizesQueriesKeys),
      ("projection_bias", .text(blocks.projectionBias.rawValue), blocks.projectionBias != .all),
      ("norm_epsilon", .number(blocks.normEpsilon), blocks.normEpsilon != BlockDesign.plain.normEpsilon),
    ]
    return all.filter { $0.2 }.map { ($0.0, $0.1) }
  }

  private static let compatibility = SettingKey("run", "compatibility")

  private static func compatibility(of order: PositionOrder) -> Compatibility {
    order == .rowFirst ? .paper : .published
  }

  /// Tasks of the run: those that are asked for, else those that suit the file; nil where a file of settings says.
  private static func tasks(of suggested: [WeightsSetting], _ request: SettingsRequest) -> [String]? {
    let key = SettingKey("run", "tasks")
    if let asked = request.assignments.last(where: { $0.key == key }) {
      guard case .text(let text, _) = asked.input else { return nil }
      return SettingText.items(of: text)
    }
    guard case .list(let items)? = suggested.first(where: { $0.table == "run" && $0.key == "tasks" })?.value,
      request.configuration == nil
    else { return nil }
    return items.compactMap { if case .text(let name) = $0 { name } else { nil } }
  }

  /// Loads the weights and writes the run's folder.
  /// - Returns: what went where.
  func run() throws -> WeightsReport {
    guard let path = setup.configuration.run.out.nonEmpty else {
      throw UsageError("weights import: --out RUN is required")
    }
    let seed = setup.configuration.run.seed
    let training = setup.configuration.training
    let optimization = Optimization(
      try setup.taskSet().model(setup.shape, seed: UInt64(seed)), settings: training.adamW,
      reduction: setup.configuration.objective.reduction)
    var report = try WeightsLoading.load(weights, into: optimization.model, allowing: allowances)
    report.notes = notes() + report.notes
    try RunFolder.create(at: path) { folder in
      let log = try RunLog(path: folder.path(of: .log), echo: { _ in })
      for line in report.lines { try log.record(line) }
      let record = try RunRecord(setup, weightsFamily: weights.family.name)
      try ModelCheckpoint.save(
        optimization, step: 0, seed: seed, record: record,
        to: folder.checkpoints(keep: training.keptCheckpoints))
      try record.write(to: folder)
      try folder.markWorkedIn()
    }
    return report
  }

  private func notes() -> [String] {
    let model = setup.configuration.model
    var notes = [
      "model: width \(sizes.width), \(sizes.depth) blocks, \(sizes.heads) heads (\(sizes.headsOrigin)), "
        + "\(model.imageSize) px in patches of \(model.patchSize); predictor \(model.predictor.width) × "
        + "\(model.predictor.depth), \(model.predictor.heads) heads",
      "tasks: \(setup.configuration.run.tasks.joined(separator: ", ")); compatibility "
        + setup.configuration.run.compatibility.rawValue + " (" + compatibilityReason() + ")",
    ]
    let types = Dictionary(grouping: weights.names.tensors.values.joined(), by: \.type)
    notes += types.filter { $0.key != SafetensorsType.float32.rawValue }.sorted { $0.key < $1.key }
      .map { "converted: \($0.value.count) tensors of \($0.key) to float32" }
    return notes
  }

  private func compatibilityReason() -> String {
    if let reason = suggested.first(where: { $0.table == "run" && $0.key == "compatibility" })?.reason {
      return reason
    }
    guard let order = sizes.positionOrder else { return "positions were learned, or there is no table" }
    let says = Self.compatibility(of: order)
    if inferred.contains(where: { $0.key == Self.compatibility }) {
      return "by the order of the position encodings"
    }
    return setup.configuration.run.compatibility == says
      ? "as its position encodings are"
      : "warning: its position encodings are in the order of \(says.rawValue)"
  }
}
