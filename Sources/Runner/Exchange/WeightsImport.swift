import CoreTensor
import Foundation
import Layers
import PluginHost
import Runs
import Weights
import WorldModel

/// Makes a run of a file of weights, at step 0, which every other command opens.
struct WeightsImport {
  private let names: WeightsNames
  private let file: WeightsFile
  private let sizes: WeightsSizes
  private let setup: RunSetup
  /// Whether the predictor is I-JEPA's, which is brought to our order.
  private let isForeign: Bool
  private let allowances: WeightsAllowances
  /// Settings that come from the file, as `table.key`, in order.
  private let inferred: [SettingAssignment]

  /// Reads the file's sizes and resolves the run's settings: those of the command line, and the file's for the rest.
  /// - Throws: `UsageError` where a size that the file tells is set otherwise; `WeightsFileError`, `SettingsError`.
  init(_ arguments: ParsedArguments) throws {
    let path = arguments.required("FILE")
    file = try WeightsFile(path: path)
    allowances = WeightsAllowances(
      missing: arguments.values("--allow-missing"), unexpected: arguments.values("--allow-unexpected"))
    names = try WeightsNames(file).leavingOutPredictor(by: allowances)
    sizes = try WeightsSizes(names, file, heads: arguments.integer("--heads", in: 1...256))
    isForeign = try names.hasForeignPredictor(file)
    var request = try SettingsRequest(arguments)
    if let patch = try arguments.integer("--patch-size", in: 2...512) {
      let key = SettingKey("model", "patch_size")
      guard !request.assignments.contains(where: { $0.key == key }) else {
        throw UsageError("--patch-size and --set: \(key) is set twice; keep one of them")
      }
      request.assignments.append(SettingAssignment(key, .value(.integer(patch)), from: .flag("--patch-size")))
    }
    let given = try Self.keys(of: request)
    let hasPredictor = sizes.predictor != nil
    if let fixed = given.sorted(by: { $0.description < $1.description }).first(where: {
      Self.isFixed($0, hasPredictor: hasPredictor)
    }) {
      throw UsageError("\(fixed): the file tells this size; leave it out of flags and --config")
    }
    inferred = try Self.assignments(sizes, names, file, given, request)
    request.assignments = inferred + request.assignments
    setup = try RunSetup(request, pluginsFile: arguments.value("--plugins"))
  }

  /// Every key that flags or the file of `--config` set.
  private static func keys(of request: SettingsRequest) throws -> Set<SettingKey> {
    var keys = Set(request.assignments.map(\.key))
    guard let path = request.configuration else { return keys }
    for (table, value) in try Toml.parse(path: path).entries {
      if case .table(let inner) = value.content {
        keys.formUnion(inner.keys.map { SettingKey(table, $0) })
      }
    }
    return keys
  }

  private static func isFixed(_ key: SettingKey, hasPredictor: Bool) -> Bool {
    let own = ["size", "width", "depth", "heads", "mlp_ratio"]
    let predictor = ["predictor_width", "predictor_depth", "predictor_mlp_ratio"]
    return key.table == "model" && (own.contains(key.name) || hasPredictor && predictor.contains(key.name))
  }

  private static func assignments(
    _ sizes: WeightsSizes, _ names: WeightsNames, _ file: WeightsFile, _ given: Set<SettingKey>,
    _ request: SettingsRequest
  ) throws -> [SettingAssignment] {
    let origin = SettingOrigin.flag(Folder.name(of: file.path))
    var found: [SettingAssignment] = []
    func add(_ table: String, _ name: String, _ value: OptionValue) {
      let key = SettingKey(table, name)
      if !given.contains(key) { found.append(SettingAssignment(key, .value(value), from: origin)) }
    }
    add("model", "size", .text("custom"))
    add("model", "width", .integer(sizes.width))
    add("model", "depth", .integer(sizes.depth))
    add("model", "heads", .integer(sizes.heads))
    add("model", "mlp_ratio", .number(sizes.mlpRatio))
    add("model", "patch_size", .integer(sizes.patchSize))
    if let size = sizes.imageSize {
      add("model", "image_size", .integer(size))
    } else if !given.contains(SettingKey("model", "image_size")) {
      throw UsageError(
        "\(file.path) has no table of position encodings to tell the image's size; give --image-size")
    }
    // A model of fewer patches than the paper's masks leave is one to take features of, or to try things with.
    let isResized = ["image_size", "patch_size"].contains { given.contains(SettingKey("model", $0)) }
    if let grid = sizes.gridSize, !isResized, grid * grid < 20, uses("local", request) {
      add("local", "minimum_patches", .integer(max(1, grid * grid / 4)))
    }
    if try names.hasForeignPredictor(file) {
      add("run", "compatibility", .text(Compatibility.paper.rawValue))
    } else if let order = sizes.positionOrder {
      add("run", "compatibility", .text(order == .rowFirst ? "paper" : "published"))
    }
    guard let predictor = sizes.predictor else {
      // The predictor's width is another, of which a ratio such as 48 / 11 need not be whole.
      if sizes.mlpRatio != sizes.mlpRatio.rounded() { add("model", "predictor_mlp_ratio", .number(4)) }
      add("run", "tasks", .list([.text("local")]))
      return found
    }
    add("model", "predictor_width", .integer(predictor.width))
    add("model", "predictor_depth", .integer(predictor.depth))
    add("model", "predictor_heads", .integer(0))
    if predictor.mlpRatio != sizes.mlpRatio {
      add("model", "predictor_mlp_ratio", .number(predictor.mlpRatio))
    }
    guard let action = predictor.actionWidth else {
      add("run", "tasks", .list([.text("local")]))
      return found
    }
    add("run", "tasks", .list(["local", "global", "domain"].map(OptionValue.text)))
    if uses("domain", request) { add("domain", "action_width", .integer(action)) }
    return found
  }

  /// Whether a task is among those asked for, or those that the file implies.
  private static func uses(_ task: String, _ request: SettingsRequest) -> Bool {
    guard let asked = request.assignments.last(where: { $0.key == SettingKey("run", "tasks") }) else {
      return true
    }
    if case .text(let text, _) = asked.input { return SettingText.items(of: text).contains(task) }
    return true
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
    var report = try WeightsLoading.load(names, file, into: optimization.model, allowing: allowances)
    report.notes = notes()
    try RunFolder.create(at: path) { folder in
      let log = try RunLog(path: folder.path(of: .log), echo: { _ in })
      for line in report.lines { try log.record(line) }
      let record = try RunRecord(setup)
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
    let types = Dictionary(grouping: names.tensors.values, by: \.elementType).filter { $0.key != .float32 }
    notes += types.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "converted: \($0.value.count) tensors of \($0.key.rawValue) to float32" }
    if isForeign {
      notes.append(
        "predictor: I-JEPA's, whose positions are column half first; its features were renumbered to the row-first "
          + "order of this predictor, which gives the same predictions")
    }
    return notes
  }

  private func compatibilityReason() -> String {
    let key = SettingKey("run", "compatibility")
    if isForeign { return "as its predictor was brought to the paper's order" }
    guard let order = sizes.positionOrder else { return "positions were learned, or there is no table" }
    let says = order == .rowFirst ? Compatibility.paper : .published
    if inferred.contains(where: { $0.key == key }) { return "by the order of the position encodings" }
    return setup.configuration.run.compatibility == says
      ? "as its position encodings are"
      : "warning: its position encodings are in the order of \(says.rawValue)"
  }
}
