import CoreTensor
import NeuralNetworks
import WorldModel

/// Moves the tensors of a file into a model.
package struct WeightsLoading {
  private let weights: RecognizedWeights
  private let model: WorldModel
  private let conversion: WeightsConversion?
  private var report: WeightsReport
  private var mismatch: WeightsMismatch
  private var names: WeightsNames { weights.names }
  private var file: WeightsFile { weights.file }

  private init(_ weights: RecognizedWeights, _ model: WorldModel) throws {
    (self.weights, self.model) = (weights, model)
    conversion = try weights.conversion(heads: model.shape.encoder.heads)
    let (file, family) = (weights.file, weights.family)
    report = WeightsReport(
      file: file.path, format: file.format, layout: family.layout, family: family.name)
    report.notes = conversion.map { [$0.note] } ?? []
    mismatch = WeightsMismatch(file: file.path)
  }

  /// Fills every parameter and table of `model`, or none where something does not fit.
  /// - Parameters:
  ///   - weights: a file of a known family.
  ///   - model: initialised from its seed; what is missing and allowed stays so.
  ///   - allowances: names that may be absent on either side; default none.
  /// - Throws: `WeightsMismatch` with all that does not fit, `WeightsFileError` where a tensor cannot be read.
  @discardableResult
  package static func load(
    _ weights: RecognizedWeights, into model: WorldModel, allowing allowances: WeightsAllowances = .init()
  ) throws -> WeightsReport {
    var loading = try WeightsLoading(weights, model)
    try loading.run(allowances)
    return loading.report
  }

  private mutating func run(_ allowances: WeightsAllowances) throws {
    var plan: [(entry: ParameterVisitor.Entry, source: String)] = []
    var used: Set<String> = []
    var copies: [String: Int] = [:]
    let absent = ["encoder", "target_encoder"].first { !names.has($0) }
    for entry in model.entries {
      var source = entry.name
      if let absent, source.hasPrefix(absent + ".") {
        source = names.encoderPart + source.dropFirst(absent.count)
        copies[absent, default: 0] += 1
      }
      if names.tensors[source] != nil {
        used.insert(source)
        plan.append((entry, source))
      } else if WeightsAllowances.matches(entry.name, allowances.missing) {
        report.missing.append(entry.name)
      } else {
        mismatch.missing.append(entry.name)
      }
    }
    for name in names.tensors.keys.sorted() where !used.contains(name) {
      if WeightsAllowances.matches(name, allowances.unexpected) {
        report.unexpected.append(name)
      } else {
        mismatch.unexpected.append(name)
      }
    }
    for (entry, source) in plan { check(entry, source) }
    guard mismatch.isEmpty else {
      let remedies = mismatch.unexpected.compactMap { weights.remedy(forUnexpected: $0) }
      mismatch.unexpectedRemedy = remedies.first
      throw mismatch
    }
    try checkVolume(plan.flatMap { names.tensors[$0.source] ?? [] })
    for (entry, source) in plan { try fill(entry, source) }
    report.copied = copies.map { .init(from: names.encoderPart, to: $0.key, tensors: $0.value) }
    report.unexpected += names.leftOut
    report.dropped = names.dropped
    report.beside = names.beside.sorted { $0.key < $1.key }.map { .init(name: $0.key, tensors: $0.value) }
  }

  /// How a tensor comes to the model's shape.
  private enum Conversion {
    case none, positions, kernels
  }

  private static func conversion(_ name: String, _ from: [Int], _ to: [Int]) -> Conversion? {
    if name.hasSuffix("pos_embed"), from.last == to.last, from.count == 3 || from.count == 2 {
      return from == to ? Conversion.none : .positions
    }
    if from == to { return Conversion.none }
    let isKernel =
      name.hasSuffix("patch_embed.proj.weight") && from.count == 4 && from.prefix(2) == to.prefix(2)
    return isKernel && from[2] == from[3] && from[2] > 0 && from[2] <= 512 ? .kernels : nil
  }

  private mutating func check(_ entry: ParameterVisitor.Entry, _ source: String) {
    let expected = entry.parameter.shape
    guard let shape = names.shape(of: source) else {
      let parts = (names.tensors[source] ?? []).map { "\($0.shape)" }.joined(separator: ", ")
      mismatch.misshapen.append("\(entry.name): expected parts of \(expected), found \(parts)")
      return
    }
    if Self.conversion(entry.name, shape, expected) == nil {
      mismatch.misshapen.append("\(entry.name): expected \(expected), found \(shape)")
    }
  }

  private func checkVolume(_ tensors: [WeightsTensor]) throws {
    let bytes = tensors.reduce(0.0) { $0 + Double($1.byteCount) }
    guard bytes <= 4 * Double(file.size) else {
      throw WeightsFileError(
        file.path, nil,
        "its tensors share their numbers so much that a file of \(file.size) bytes would make \(bytes)")
    }
  }

  private mutating func fill(_ entry: ParameterVisitor.Entry, _ source: String) throws {
    let shape = entry.parameter.shape
    let found = names.shape(of: source) ?? []
    var values: [Float]
    switch Self.conversion(entry.name, found, shape) ?? .none {
    case .none:
      values = try names.floats(of: source, in: file)
      if entry.name.hasSuffix(".cls_token") { values = try placed(values, source) }
    case .positions: values = try positions(entry, source, found)
    case .kernels:
      values = CubicResampling.kernels(try names.floats(of: source, in: file), from: found[2], to: shape[2])
      note(entry, found, "patch kernels by the pseudo-inverse of the bicubic resize (FlexiViT)")
    }
    try check(values.count, entry, source)
    if let conversion {
      values = WeightsFamilies.code(weights.family, "conversion").run {
        conversion.apply(values, entry.name, shape)
      }
      try check(values.count, entry, source)
    }
    entry.parameter.assign(values)
    report.loaded.append(entry.name)
  }

  private func check(_ count: Int, _ entry: ParameterVisitor.Entry, _ source: String) throws {
    guard count == entry.parameter.tensor.count else {
      throw WeightsFileError(
        file.path, names.tensors[source]?.first?.name,
        "expected \(entry.parameter.tensor.count) numbers for \(entry.parameter.shape), found \(count)")
    }
  }

  private mutating func positions(
    _ entry: ParameterVisitor.Entry, _ source: String, _ found: [Int]
  ) throws -> [Float] {
    guard let table = try PositionTable(source, of: names, file) else { return [] }
    let rows = entry.parameter.shape[1]
    let size = Int(Double(rows).squareRoot())
    // The predictor's mask tokens take their places from the sine-cosine formula, so its table must be that too.
    let exactly = entry.name.hasPrefix("predictor.")
    var how: [String] = []
    if table.hasClassRow {
      let isKept = model.shape.encoder.design.hasClassToken
      how.append("the row of the class token " + (isKept ? "added to it" : "left out"))
    }
    if size != table.gridSize {
      let isFormula = exactly && table.order != nil
      how.append(
        "grid \(table.gridSize) → \(size) "
          + (isFormula ? "by the sine-cosine formula" : "bicubic, antialiased"))
    }
    if how.isEmpty { how.append("as it is") }
    note(entry, found, how.joined(separator: ", "))
    return table.values(onGrid: size, exactly: exactly)
  }

  /// A class token and its row of the table: only their sum enters the encoder.
  private func placed(_ token: [Float], _ source: String) throws -> [Float] {
    let table = source.dropLast("cls_token".count) + "pos_embed"
    guard let row = try PositionTable(String(table), of: names, file)?.classRow, row.count == token.count
    else {
      return token
    }
    return zip(token, row).map { $0 + $1 }
  }

  private mutating func note(_ entry: ParameterVisitor.Entry, _ found: [Int], _ how: String) {
    report.reshaped.append(.init(name: entry.name, from: found, to: entry.parameter.shape, how: how))
  }
}
