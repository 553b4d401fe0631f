import CoreTensor
import NeuralNetworks

extension WorldModel {
  /// Checks what tasks attached against the latents that this model has, that rows have one length, and what modules
  /// showed to visitors.
  /// - Throws: `AssemblyError` or `TaskFault`.
  public func check(_ batch: WorldBatch) throws {
    if let visitProblem { throw visitProblem }
    try checkTargets(batch)
    let groups = Set(batch.supervisions.map(\.group))
    for part in batch.parts where !groups.contains(part.group) {
      guard objectives.contains(where: { part.tasks.contains($0.task) }) else {
        throw AssemblyError.noSupervision(tasks: part.tasks)
      }
    }
    for supervision in batch.supervisions {
      try checkLatents(supervision)
      let visible = batch.contexts[supervision.context].visible ?? []
      guard Set(supervision.patches.map(\.count)).count <= 1, Set(visible.map(\.count)).count <= 1 else {
        throw AssemblyError.unequalRows(prediction: supervision.name)
      }
    }
  }

  /// One forward pass: every pass of equal length is made at once.
  /// - Throws: `AssemblyError` where an objective's term is no scalar, or nothing learns from it; `TaskFault` where a
  ///   latent gives a place that is no number, or tokens of another shape.
  public func callAsFunction(_ batch: WorldBatch, reduction: LossReduction) throws -> WorldOutput {
    let wanted = batch.targets.indices.map {
      TargetPatches(
        of: $0, in: batch, patchCount: shape.encoder.patchCount, isWhole: isWhole(target: $0, batch))
    }
    let targets = encodeTargets(batch.targets, wanted)
    let encoded = try encodeContexts(batch)
    let contexts = encoded.map(\.features)
    let predicted = try predict(batch, contexts: contexts)
    let predictions = predicted.map(\.features)
    let errors = zip(batch.supervisions, predictions).map { supervision, predicted in
      Observation.within("loss." + supervision.name) {
        meanSquaredError(
          predicted,
          wanted[supervision.target].features(targets[supervision.target]!, at: supervision.patches))
      }
    }
    var seconds: [String: Double] = [:]
    let inputs = batch.parts.map { input($0, batch, wanted, targets, encoded, predicted) }
    let own = try ownTerms(batch, inputs, &seconds)
    let groups = batch.supervisions.map(\.group)
    var objective = combine(errors, groups, reduction)
    for term in own {
      let weighted = term.weight == 1 ? term.value : term.value * term.weight
      objective = objective.map { $0 + weighted } ?? weighted
    }
    guard let objective else { fail("WorldModel: a batch with nothing to learn from") }
    return WorldOutput(
      objective: objective,
      readings: LossReadings(
        names: batch.supervisions.map(\.name) + own.map(\.name),
        values: concatenate((errors + own.map(\.value)).map { reshape($0.detached, [1]) }), groups: groups,
        weights: own.map(\.weight)),
      targets: targets, contexts: contexts, predictions: predictions, objectiveSeconds: seconds,
      statistics: own.flatMap(\.statistics))
  }

  /// The terms of every objective, named `<task>.<term>`.
  private func ownTerms(
    _ batch: WorldBatch, _ inputs: [(String) -> ObjectiveInput], _ seconds: inout [String: Double]
  ) throws -> [ObjectiveTerm] {
    try zip(batch.parts, inputs).flatMap { part, input in
      try objectives.filter { part.tasks.contains($0.task) }.flatMap { own in
        let input = input(own.task)
        let began = ContinuousClock.now
        let terms = PluginCode.task(own.task, "objective").run {
          Observation.within("tasks." + own.task) { own.objective(input) }
        }
        seconds[own.task, default: 0] += (ContinuousClock.now - began) / .seconds(1)
        return try terms.map { term in
          PluginCode.task(own.task, "objective").run {
            Observation.within("tasks." + own.task) { Observation.check(term.value, as: "term \(term.name)") }
          }
          guard term.value.count == 1 else {
            throw AssemblyError.notScalar(task: own.task, term: term.name, shape: term.value.shape)
          }
          guard term.value.requiresGradient else {
            throw AssemblyError.withoutHistory(task: own.task, term: term.name)
          }
          return ObjectiveTerm(
            "\(own.task).\(term.name)", term.value, weight: term.weight, statistics: term.statistics)
        }
      }
    }
  }

  /// Features of the targets that something is compared with; nil for the others, which are not encoded.
  private func encodeTargets(_ images: [Tensor], _ wanted: [TargetPatches]) -> [Tensor?] {
    let keys = images.indices.filter { wanted[$0].isWanted }
      .map { ($0, [images[$0].shape[0], wanted[$0].rows?[0].count ?? 0]) }
    return grouped(keys, count: images.count) { members in
      let patches = members.compactMap { wanted[$0].rows }.flatMap { $0 }
      let whole = concatenate(members.map { images[$0] })
      return split(
        targetFeatures(whole, of: patches.isEmpty ? nil : patches), images[members[0]].shape[0])
    }
  }

  private func encodeContexts(_ batch: WorldBatch) throws -> [EncodedContext] {
    let (count, contexts) = (shape.encoder.patchCount, batch.contexts)
    let masked = try contexts.indices.map { try encodeMasked($0, batch) }
    let keys = contexts.indices.filter { masked[$0] == nil }.map {
      ($0, contexts[$0].visible?.first?.count ?? count)
    }
    let plain = grouped(keys, count: contexts.count) { members in
      let images = concatenate(members.map { contexts[$0].images })
      let visible = members.flatMap { visibleRows(contexts[$0]) }
      let features = Observation.within("encoder") { encoder(images, visible: visible) }
      return split(features, contexts[members[0]].images.shape[0])
    }
    return contexts.indices.map { masked[$0] ?? EncodedContext(features: plain[$0]!, hidden: nil) }
  }

  /// A context whose hidden patches enter as a mask token; nil where no objective has one.
  private func encodeMasked(_ index: Int, _ batch: WorldBatch) throws -> EncodedContext? {
    guard let (task, token) = try maskToken(context: index, batch) else { return nil }
    let (context, visible) = (batch.contexts[index], visibleRows(batch.contexts[index]))
    let hidden = visible.map { row in
      let seen = Set(row)
      return (0..<shape.encoder.patchCount).filter { !seen.contains($0) }
    }
    let features = Observation.within("encoder") {
      encoder.features(context.images, masking: hidden, by: token)
    }
    guard let features else { throw AssemblyError.noMaskTokens(task: task) }
    return EncodedContext(
      features: gatherTokens(features, visible), hidden: (hidden, gatherTokens(features, hidden)))
  }

  /// Features of a context's visible patches, and of hidden ones where they entered as a mask token.
  struct EncodedContext {
    let features: Tensor
    let hidden: (patches: [[Int]], features: Tensor)?
  }

  /// What was predicted, `(B, T, d)`, and the tokens of visible patches where an objective asks for them.
  struct Predicted {
    let features: Tensor
    let contextTokens: Tensor?
  }

  private func predict(_ batch: WorldBatch, contexts: [Tensor]) throws -> [Predicted] {
    let wanting = tasksWantingContextTokens(batch)
    var tokens = [Tensor?](repeating: nil, count: batch.supervisions.count)
    let sizes = batch.supervisions.map { supervision in
      [contexts[supervision.context].shape[1], supervision.patches.first?.count ?? 0]
    }
    return try grouped(sizes.enumerated().map { ($0.offset, $0.element) }, count: sizes.count) { members in
      let supervisions = members.map { batch.supervisions[$0] }
      let features = concatenate(supervisions.map { contexts[$0.context] })
      let visible = supervisions.flatMap { visibleRows(batch.contexts[$0.context]) }
      let (predicted, own) = try Observation.within("predictor") {
        let masks = try conditionedTokens(supervisions)
        guard !wanting.isEmpty else {
          return (predictor(context: features, visible: visible, maskTokens: masks), Tensor?.none)
        }
        let both = predictor.withContextTokens(context: features, visible: visible, maskTokens: masks)
        guard let both else { throw AssemblyError.noContextTokens(tasks: wanting) }
        return (both.predictions, both.contextTokens)
      }
      let rows = supervisions[0].patches.count
      if let own { for (member, part) in zip(members, split(own, rows)) { tokens[member] = part } }
      return split(predicted, rows)
    }.enumerated().map { Predicted(features: $1!, contextTokens: tokens[$0]) }
  }

  func visibleRows(_ context: WorldBatch.Context) -> [[Int]] {
    context.visible
      ?? Array(repeating: Array(0..<shape.encoder.patchCount), count: context.images.shape[0])
  }

  private func combine(_ errors: [Tensor], _ groups: [Int], _ reduction: LossReduction) -> Tensor? {
    var objective: Tensor?
    for group in Set(groups).sorted() {
      let own = zip(errors, groups).filter { $0.1 == group }.map(\.0)
      let sum = own.dropFirst().reduce(own[0], +)
      let part = reduction == .sum ? sum : sum * (1 / Float(own.count))
      objective = objective.map { $0 + part } ?? part
    }
    return objective
  }
}

/// Runs `body` once for each set of items with equal keys and returns each item's result at its number.
private func grouped<Key: Hashable>(
  _ items: [(Int, Key)], count: Int, _ body: ([Int]) throws -> [Tensor]
) rethrows -> [Tensor?] {
  var results = [Tensor?](repeating: nil, count: count)
  var seen: Set<Key> = []
  for (_, key) in items where seen.insert(key).inserted {
    let members = items.filter { $0.1 == key }.map(\.0)
    for (member, result) in zip(members, try body(members)) { results[member] = result }
  }
  return results
}

/// Cuts the first axis into parts of `size`.
func split(_ x: Tensor, _ size: Int) -> [Tensor] {
  guard x.shape[0] != size else { return [x] }
  return stride(from: 0, to: x.shape[0], by: size).map { slice(x, $0..<$0 + size) }
}
