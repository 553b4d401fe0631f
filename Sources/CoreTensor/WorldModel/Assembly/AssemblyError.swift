/// What is wrong with a task, found when its samples are put together.
public enum AssemblyError: Error, Equatable, CustomStringConvertible {
  case supervisionsDiffer(sample: Int)
  case unknownView(supervision: Supervision, views: Int)
  case patchOutside(view: Int, patch: Int, patches: Int)
  case nothingVisible(view: Int, sample: Int)
  case unknownLatent(String, known: [String])
  case latentWidth(String, expected: Int, found: Int)
  case patchRows(latent: String, task: String, sample: Int, patches: Int, found: [Int])
  case patchWidth(String, expected: Int, found: Int)
  case toldDifferently(latent: String, tasks: [String], sample: Int)
  case framesConflict(tasks: [String], sample: Int)
  case frameCount(task: String, sample: Int, expected: Int, found: Int)
  case frameOutside(task: String, sample: Int, view: Int, frame: Frame, height: Int, width: Int)
  case noTargetEncoder(tasks: [String], wanting: String)
  case noContextTokens(tasks: [String])
  case maskTokens(tasks: [String])
  case noMaskTokens(task: String)
  case targetEncoderMode(task: String, wanted: TargetEncoderMode, found: TargetEncoderMode)
  case noSupervision(tasks: [String])
  case unequalRows(prediction: String)
  case numbersDiffer(task: String, sample: Int)
  case notScalar(task: String, term: String, shape: [Int])
  case withoutHistory(task: String, term: String)

  public var description: String {
    switch self {
    case .supervisionsDiffer(let sample):
      "sample \(sample) of a batch has other supervisions or latents than sample 0; a task's supervisions(views:) "
        + "and latents(…) must name the same ones for every sample"
    case .unknownView(let supervision, let views):
      "a task proposes context \(supervision.context) and target \(supervision.target), but there are \(views) "
        + "views; raise the task's requiredViews or propose for the given views only"
    case .patchOutside(let view, let patch, let patches):
      "a task names patch \(patch) in view \(view); patches run from 0 to \(patches - 1)"
    case .nothingVisible(let view, let sample):
      "tasks together leave no visible patch in view \(view) of sample \(sample); hide less"
    case .unknownLatent(let name, let known):
      "a task attaches latent \"\(name)\", but the model has \(known); return it from makeLatents(random:)"
    case .latentWidth(let name, let expected, let found):
      "latent \"\(name)\" takes \(expected) numbers a sample, \(found) were attached"
    case .patchRows(let latent, let task, let sample, let patches, let found):
      "task \"\(task)\" tells latent \"\(latent)\" of sample \(sample) in \(found.count) rows of "
        + "\(Set(found).sorted()) numbers; expected \(patches) rows of equally many, one row for each patch of the target"
    case .patchWidth(let name, let expected, let found):
      "latent \"\(name)\" takes \(expected) numbers a patch (its patchWidth), \(found) were attached; give "
        + "LatentValue(latent:numbers:patchNumbers:) as many"
    case .toldDifferently(let latent, let tasks, let sample):
      "tasks \(tasks.joined(separator: " and ")) share latent \"\(latent)\" and tell it other numbers of sample "
        + "\(sample); enable one of them, or train with --naive, where each has contexts and targets of its own"
    case .framesConflict(let tasks, let sample):
      "tasks \(tasks.joined(separator: " and ")) propose different frames for the views of sample \(sample); enable "
        + "one of them, or train with --naive, where each has contexts and targets of its own"
    case .frameCount(let task, let sample, let expected, let found):
      "task \"\(task)\" proposes \(found) frames for sample \(sample), which has \(expected) views; return one for "
        + "each of scope.standard"
    case .frameOutside(let task, let sample, let view, let frame, let height, let width):
      "task \"\(task)\" proposes for view \(view) of sample \(sample) \(frame.height) rows from \(frame.row) and "
        + "\(frame.width) columns from \(frame.column) of a radiograph of \(frame.imageHeight) × \(frame.imageWidth); the radiograph "
        + "has \(height) rows and \(width) columns, and a frame must lie on it and state its size: begin with one of "
        + "scope.standard"
    case .noTargetEncoder(let tasks, let wanting):
      "tasks \(tasks.joined(separator: ", ")): \(wanting) need features of a target encoder, and the model has none "
        + "(model.target_encoder = \"absent\"); train other tasks, or set it to \"ema\" or \"frozen\""
    case .noContextTokens(let tasks):
      "tasks \(tasks.joined(separator: ", ")) look at the predictor's tokens of visible patches, and the model's predictor "
        + "has none (Predictor.withContextTokens); train with model.predictor = \"vit\", or without these tasks"
    case .maskTokens(let tasks):
      "tasks \(tasks.joined(separator: " and ")) each have a mask token for patches that are not shown; enable one of "
        + "them, or train with --naive, where each has contexts of its own"
    case .noMaskTokens(let task):
      "task \"\(task)\" shows hidden patches to the encoder as a mask token, and the model's encoder knows none "
        + "(ImageEncoder.features(_:masking:by:)); train with model.encoder = \"vit\", or other tasks"
    case .targetEncoderMode(let task, let wanted, let found):
      "task \"\(task)\" is for a target encoder that is \"\(wanted.rawValue)\", and model.target_encoder is "
        + "\"\(found.rawValue)\"; leave the setting out, set it to \"\(wanted.rawValue)\", or train other tasks"
    case .unequalRows(let prediction):
      "samples of one batch see or predict different numbers of patches in \(prediction); a task must hide patches in "
        + "every sample or in none"
    case .noSupervision(let tasks):
      "tasks \(tasks) propose no supervision and own no objective, so that there is nothing to learn; enable another "
        + "task with them"
    case .numbersDiffer(let task, let sample):
      "task \"\(task)\" tells its objective of sample \(sample) in another count of numbers than of sample 0; "
        + "numbers of its draws must be as many for every sample"
    case .notScalar(let task, let term, let shape):
      "term \"\(term)\" of task \"\(task)\" has shape \(shape); an objective's term is one value"
    case .withoutHistory(let task, let term):
      "term \"\(term)\" of task \"\(task)\" depends on no parameter; compute it from the input's features or the "
        + "objective's own parameters by operations that record gradients"
    }
  }
}
