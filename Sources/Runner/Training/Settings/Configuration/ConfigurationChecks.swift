import Batches
import Console
import WorldModel

/// Checks that involve more than one setting. Each error names every value involved and where it came from.
struct ConfigurationChecks {
  let settings: Settings

  /// - Throws: `SettingsError` for the first check that fails.
  func check(_ configuration: RunConfiguration) throws {
    try checkModel(configuration.model)
    try checkTraining(configuration.training)
    try checkTasks(configuration.run.tasks)
    try checkSources(configuration.data)
    try checkLists()
  }

  /// The encoder's blocks, from the size's name or one by one.
  /// - Throws: `SettingsError` where a custom size lacks a number, or a named size has another.
  func encoder(size: ModelSize) throws -> TransformerConfiguration {
    let given = TransformerConfiguration(
      width: integer("model", "width"), depth: integer("model", "depth"), heads: integer("model", "heads"))
    let each = [
      ("width", given.width, size.blocks?.width), ("depth", given.depth, size.blocks?.depth),
      ("heads", given.heads, size.blocks?.heads),
    ]
    for (name, found, named) in each {
      guard let named else {
        if found > 0 { continue }
        throw failure(
          ["model.size", "model.\(name)"], "a custom size needs width, depth and heads, each above 0",
          "set model.\(name), or a named size")
      }
      guard found == 0 || found == named else {
        throw failure(
          ["model.size", "model.\(name)"], "\(size.rawValue) has \(name) \(named)",
          "set model.size = \"custom\", or leave model.\(name) at 0")
      }
    }
    return size.blocks ?? given
  }

  private func checkModel(_ model: RunConfiguration.Model) throws {
    guard model.patchSize <= model.imageSize, model.imageSize % model.patchSize == 0 else {
      let below = max(1, model.imageSize / model.patchSize) * model.patchSize
      throw failure(
        ["model.patch_size", "model.image_size"], "the patch must divide the image",
        "an image_size of \(below) or \(below + model.patchSize) would do")
    }
    let encoder = model.encoder
    let encoderKeys = integer("model", "width") > 0 ? ["model.width", "model.heads"] : ["model.size"]
    guard encoder.width % 4 == 0 else {
      throw failure(
        ["model.width"], "the position encoding needs a width that 4 divides",
        "use \(encoder.width / 4 * 4 + 4)")
    }
    guard encoder.width % encoder.heads == 0 else {
      throw failure(
        encoderKeys, "the heads must divide the width", "use \(Self.divisors(of: encoder.width)) heads")
    }
    let design = model.design
    guard design.channels != 2 else {
      throw failure(["model.channels"], "an encoder reads 1 channel or 3", "set one of them")
    }
    guard !design.positions.turns || (encoder.width / encoder.heads) % 4 == 0 else {
      throw failure(
        ["model.positions"] + encoderKeys,
        "rotary positions need heads whose width, here \(encoder.width / encoder.heads), 4 divides",
        "use fewer heads, or another width")
    }
    try checkPredictor(model.predictor)
    try checkHiddenWidth("width", encoder.width, "mlp_ratio", model.mlpRatio)
    let key =
      settings["model", "predictor_mlp_ratio"].value == .number(0) ? "mlp_ratio" : "predictor_mlp_ratio"
    try checkHiddenWidth("predictor_width", model.predictor.width, key, model.predictorMlpRatio)
  }

  private func checkHiddenWidth(_ widthKey: String, _ width: Int, _ key: String, _ ratio: Double) throws {
    let hidden = Double(width) * ratio
    // A ratio such as 48 / 11 is no finite number of digits.
    guard abs(hidden - hidden.rounded()) < 1e-6 * hidden, hidden >= 1 else {
      throw failure(
        ["model.\(key)", "model.\(widthKey)"], "\(ratio) × \(width) is not a whole number",
        "choose a ratio that gives one")
    }
  }

  private func checkPredictor(_ predictor: TransformerConfiguration) throws {
    guard predictor.width % 4 == 0 else {
      throw failure(
        ["model.predictor_width"], "the position encoding needs a width that 4 divides",
        "use \(predictor.width / 4 * 4 + 4)")
    }
    guard predictor.width % predictor.heads == 0 else {
      let keys = integer("model", "predictor_heads") > 0 ? [] : ["model.size", "model.heads"]
      throw failure(
        ["model.predictor_width", "model.predictor_heads"] + keys,
        "\(predictor.heads) heads do not divide the width",
        "set model.predictor_heads to one of \(Self.divisors(of: predictor.width))")
    }
  }

  private func checkTraining(_ training: RunConfiguration.Training) throws {
    guard training.warmupEpochs < Double(training.epochs) else {
      throw failure(
        ["training.warmup_epochs", "training.epochs"], "warm-up must end before the run does",
        "--set training.warmup_epochs=\(Double(training.epochs) / 10) would be a tenth of it")
    }
    guard training.finalLearningRate <= training.learningRate else {
      throw failure(
        ["training.final_learning_rate", "training.learning_rate"],
        "the learning rate falls from the second to the first", "make the final one the smaller")
    }
    guard training.emaDecayStart <= training.emaDecayEnd else {
      throw failure(
        ["training.ema_start", "training.ema_end"], "the EMA decay must not fall from start to end",
        "make ema_start the smaller")
    }
    guard training.scheduleScale >= 1 else {
      throw failure(
        ["training.schedule_scale"], "a schedule cannot be shorter than the run",
        "use 1 or more, or 0 for the scale of run.compatibility")
    }
  }

  private func checkSources(_ data: RunConfiguration.Data) throws {
    guard !data.sources.isEmpty else {
      let registry = settings.catalogue.registry.nonEmpty ?? PluginsFile.name
      throw failure(
        ["data.source"],
        "there is no source of radiographs, and no enabled data plugin of \(registry) is the default",
        "name one with --data, or write default = true below a plugin of kind \"data\" there")
    }
    guard data.samplingWeights.isEmpty || data.samplingWeights.count == data.sources.count else {
      throw failure(
        ["data.sampling_weights", "data.source"],
        "\(data.samplingWeights.count) weights for \(data.sources.count) sources",
        "give one for each, in their order"
      )
    }
  }

  private func checkTasks(_ tasks: [String]) throws {
    let registry = settings.catalogue.registry.nonEmpty.map { " of \($0)" } ?? ""
    let known = settings.catalogue.plugins.filter(\.isTask).map(\.name)
    for (index, task) in tasks.enumerated() {
      if let reason = settings.catalogue.refused[task] {
        throw failure(["run.tasks"], "the plugin \"\(task)\" is registered and could not be loaded", reason)
      }
      guard known.contains(task) else {
        let others = settings.catalogue.plugins.map(\.name)
        throw failure(
          ["run.tasks"],
          others.contains(task) ? "\"\(task)\" is a plugin, but no task" : "there is no task \"\(task)\"",
          "tasks\(registry): \(known.isEmpty ? "none is loaded" : known.joined(separator: ", "))"
            + Suggestions.clause(for: task, in: known))
      }
      guard !tasks[..<index].contains(task) else {
        throw failure(["run.tasks"], "\"\(task)\" is named twice", "name each task once")
      }
    }
  }

  /// Filters have the form `column=value`; lists of names hold no empty one.
  private func checkLists() throws {
    for key in settings.catalogue.keys where key.table != "run" {
      guard case .texts? = settings.catalogue[key]?.kind, case .list(let items) = settings[key].value,
        SettingsCatalogue.runnerTables.contains(where: { $0.name == key.table })
      else { continue }
      for case .text(let text) in items {
        if key.name == "filter", ColumnFilter(text) == nil {
          throw failure(
            [key.description], "\"\(text)\" is no filter", "write column=value, such as source=nih")
        }
        if text.isEmpty { throw failure([key.description], "it holds an empty name", "remove it") }
      }
    }
  }

  private func integer(_ table: String, _ name: String) -> Int {
    if case .integer(let value) = settings[table, name].value { value } else { 0 }
  }

  /// - Parameter keys: the settings involved, the one to blame first.
  private func failure(_ keys: [String], _ problem: String, _ remedy: String) -> SettingsError {
    let involved = keys.map { key -> String in
      let parts = key.split(separator: ".").map(String.init)
      let setting = settings[parts[0], parts[1]]
      return "\(key) = \(setting.value.tomlText) (\(setting.origin.place))"
    }
    return SettingsError(
      place: "settings", subject: involved.joined(separator: ", "), problem: problem, remedy: remedy)
  }

  private static func divisors(of width: Int) -> String {
    let all = (1...64).filter { width % $0 == 0 }
    return all.map(String.init).joined(separator: ", ")
  }
}
