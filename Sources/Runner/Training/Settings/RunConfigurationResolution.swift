import Batches
import CoreTensor
import Radiographs
import WorldModel

extension RunConfiguration {
  /// Makes the typed configuration from resolved settings.
  /// - Throws: `SettingsError` where values that are each allowed do not fit together.
  public init(_ settings: Settings) throws {
    let runOptions = settings.options(of: "run")
    let compatibility = Compatibility(rawValue: runOptions.text("compatibility")) ?? .paper
    run = Run(
      seed: runOptions.integer("seed"), tasks: runOptions.texts("tasks"),
      isNaive: runOptions.boolean("naive"),
      compatibility: compatibility, threads: runOptions.integer("threads"),
      precision: Precision(rawValue: runOptions.text("precision")) ?? .auto,
      device: runOptions.text("device"),
      instructions: InstructionSet(rawValue: runOptions.text("instructions")),
      loaderThreads: runOptions.integer("loader_threads"), out: runOptions.text("out"))
    let checks = ConfigurationChecks(settings: settings)
    model = try Model(settings.options(of: "model"), checks)
    views = ViewSettings(settings.options(of: "views"))
    data = Data(settings.options(of: "data"))
    training = Training(settings.options(of: "training"), compatibility)
    objective = Objective(settings.options(of: "objective"), compatibility)
    health = Health(settings.options(of: "health"))
    evaluation = Evaluation(settings.options(of: "evaluation"))
    plugins = [:]
    for plugin in settings.catalogue.plugins {
      let values = plugin.declarations.map { ($0.name, settings[plugin.name, $0.name].value) }
      plugins[plugin.name] = Dictionary(uniqueKeysWithValues: values)
    }
    try checks.check(self)
  }
}

extension RunConfiguration.Model {
  fileprivate init(_ options: Options, _ checks: ConfigurationChecks) throws {
    size = ModelSize(rawValue: options.text("size")) ?? .custom
    encoder = try checks.encoderShape(size: size)
    let heads = options.integer("predictor_heads")
    predictor = TransformerShape(
      width: options.integer("predictor_width"), depth: options.integer("predictor_depth"),
      heads: heads > 0 ? heads : encoder.heads)
    imageSize = options.integer("image_size")
    patchSize = options.integer("patch_size")
    mlpRatio = options.number("mlp_ratio")
    let own = options.number("predictor_mlp_ratio")
    predictorMlpRatio = own > 0 ? own : mlpRatio
    encoderName = options.text("encoder")
    predictorName = options.text("predictor")
    targetEncoder = TargetEncoderMode(rawValue: options.text("target_encoder"))!
  }
}

extension ViewSettings {
  fileprivate init(_ options: Options) {
    self.init(
      area: options.interval("area"), aspect: options.interval("aspect"),
      mirrorProbability: options.number("mirror_probability"),
      jitterProbability: options.number("jitter_probability"),
      jitterBrightness: options.interval("jitter_brightness"),
      jitterContrast: options.interval("jitter_contrast"))
  }
}

extension RunConfiguration.Data {
  fileprivate init(_ options: Options) {
    sources = options.texts("source")
    weights = options.numbers("weights")
    views = ViewChoice(rawValue: options.text("views"))!
    fraction = options.number("fraction")
    fractionSeed = options.integer("fraction_seed")
    pathColumn = options.text("path_column")
    labelColumn = options.text("label_column")
    labelColumns = options.texts("label_columns")
    labels = CollectionOptions(
      uncertain: UncertainLabel(rawValue: options.text("uncertain"))!,
      uncertainFindings: options.texts("uncertain_findings"), agreement: options.integer("agreement"),
      shots: options.integer("shots"), draw: options.integer("draw"))
    patientColumn = options.text("patient_column")
    splitColumn = options.text("split_column")
    filter = options.texts("filter").compactMap(ColumnFilter.init)
    pretrainSplits = options.texts("pretrain_splits")
    holdoutFraction = options.number("holdout_fraction")
    cacheMebibytes = options.integer("cache_mib")
    limit = options.integer("limit")
  }
}

extension RunConfiguration.Training {
  fileprivate init(_ options: Options, _ compatibility: Compatibility) {
    epochs = options.integer("epochs")
    steps = options.integer("steps")
    batchSize = options.integer("batch_size")
    accumulation = options.integer("accumulation")
    optimizer = options.text("optimizer")
    scheduleName = options.text("schedule")
    learningRate = options.number("learning_rate")
    finalLearningRate = options.number("final_learning_rate")
    warmupEpochs = options.number("warmup_epochs")
    weightDecay = options.number("weight_decay")
    beta1 = options.number("beta1")
    beta2 = options.number("beta2")
    epsilon = options.number("epsilon")
    clipNorm = options.number("clip_norm")
    momentumStart = options.number("ema_start")
    momentumEnd = options.number("ema_end")
    let scale = options.number("schedule_scale")
    scheduleScale = scale == 0 ? (compatibility == .published ? 1.25 : 1) : scale
    checkpointActivations = options.boolean("checkpoint_activations")
    checkpointEverySteps = options.integer("checkpoint_every_steps")
    keptCheckpoints = options.integer("keep_checkpoints")
  }
}

extension RunConfiguration.Objective {
  fileprivate init(_ options: Options, _ compatibility: Compatibility) {
    reduction =
      LossReduction(rawValue: options.text("reduction")) ?? (compatibility == .published ? .mean : .sum)
  }
}

extension RunConfiguration.Health {
  fileprivate init(_ options: Options) {
    everyEpochs = options.integer("every_epochs")
    films = options.integer("films")
    minimumRank = options.number("minimum_rank")
    minimumDeviation = options.number("minimum_deviation")
  }
}

extension RunConfiguration.Evaluation {
  fileprivate init(_ options: Options) {
    labels = options.texts("labels")
    filter = options.texts("filter").compactMap(ColumnFilter.init)
    trainSplits = options.texts("train_splits")
    validationSplits = options.texts("validation_splits")
    testSplits = options.texts("test_splits")
    films = options.integer("films")
  }
}
