import CoreTensor
import Layers
import WorldModel

/// Moves the tensors of a file into a model.
package struct WeightsLoading {
  private let names: WeightsNames
  private let file: WeightsFile
  private let model: WorldModel
  /// Whether the predictor's features are renumbered (`FeatureHalves`).
  private let exchangesHalves: Bool
  private var report: WeightsReport
  private var mismatch: WeightsMismatch

  private init(_ names: WeightsNames, _ file: WeightsFile, _ model: WorldModel) throws {
    (self.names, self.file, self.model) = (names, file, model)
    exchangesHalves = try names.hasForeignPredictor(file)
    report = WeightsReport(file: file.path, format: file.format, layout: names.layout)
    mismatch = WeightsMismatch(file: file.path)
  }

  /// Fills every parameter and table of `model`, or none where something does not fit.
  /// - Parameters:
  ///   - names: the file's tensors by the model's names.
  ///   - file: where they are read.
  ///   - model: initialised from its seed; what is missing and allowed stays so.
  ///   - allowances: names that may be absent on either side.
  /// - Throws: `WeightsMismatch` with all that does not fit, `WeightsFileError` where a tensor cannot be read.
  package static func load(
    _ names: WeightsNames, _ file: WeightsFile, into model: WorldModel, allowing allowances: WeightsAllowances
  ) throws -> WeightsReport {
    var loading = try WeightsLoading(names, file, model)
    try loading.run(allowances)
    return loading.report
  }

  /// A file's tensors into a model that has all of them and no others.
  @discardableResult
  package static func load(_ path: String, into model: WorldModel) throws -> WeightsReport {
    let file = try WeightsFile(path: path)
    return try load(WeightsNames(file), file, into: model, allowing: WeightsAllowances())
  }

  private mutating func run(_ allowances: WeightsAllowances) throws {
    var plan: [(entry: ParameterVisitor.Entry, tensor: WeightsTensor)] = []
    var used: Set<String> = []
    var copies: [String: Int] = [:]
    let absent = WeightsNames.parts.first { $0 != "predictor" && !names.has($0) }
    for entry in model.entries {
      var source = entry.name
      if let absent, source.hasPrefix(absent + ".") {
        source = names.encoderPart + source.dropFirst(absent.count)
        copies[absent, default: 0] += 1
      }
      if let tensor = names.tensors[source] {
        used.insert(source)
        plan.append((entry, tensor))
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
    for (entry, tensor) in plan { check(entry, tensor) }
    guard mismatch.isEmpty else { throw mismatch }
    try checkVolume(plan.map(\.tensor))
    for (entry, tensor) in plan { try fill(entry, tensor) }
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

  private mutating func check(_ entry: ParameterVisitor.Entry, _ tensor: WeightsTensor) {
    if Self.conversion(entry.name, tensor.shape, entry.parameter.shape) == nil {
      mismatch.misshapen.append("\(entry.name): expected \(entry.parameter.shape), found \(tensor.shape)")
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

  private mutating func fill(_ entry: ParameterVisitor.Entry, _ tensor: WeightsTensor) throws {
    let shape = entry.parameter.shape
    var values: [Float]
    switch Self.conversion(entry.name, tensor.shape, shape) ?? .none {
    case .none: values = try file.floats(of: tensor)
    case .positions: values = try positions(entry, tensor)
    case .kernels:
      values = CubicResampling.kernels(try file.floats(of: tensor), from: tensor.shape[2], to: shape[2])
      note(entry, tensor, "patch kernels by the pseudo-inverse of the bicubic resize (FlexiViT)")
    }
    guard values.count == entry.parameter.tensor.count else {
      throw WeightsFileError(
        file.path, tensor.name,
        "expected \(entry.parameter.tensor.count) numbers for \(shape), found \(values.count)")
    }
    if exchangesHalves { values = FeatureHalves.exchanged(values, entry.name, shape: shape) }
    entry.parameter.assign(values)
    report.loaded.append(entry.name)
  }

  private mutating func positions(_ entry: ParameterVisitor.Entry, _ tensor: WeightsTensor) throws -> [Float]
  {
    let table = try PositionTable(tensor, file)
    let rows = entry.parameter.shape[1]
    let size = Int(Double(rows).squareRoot())
    // The predictor's mask tokens take their places from the sine-cosine formula, so its table must be that too.
    let exactly = entry.name.hasPrefix("predictor.")
    var how: [String] = []
    if table.hasClassRow { how.append("the row of the class token left out") }
    if size != table.gridSize {
      let isFormula = exactly && table.order != nil
      how.append(
        "grid \(table.gridSize) → \(size) "
          + (isFormula ? "by the sine-cosine formula" : "bicubic, antialiased"))
    }
    if how.isEmpty { how.append("as it is") }
    note(entry, tensor, how.joined(separator: ", "))
    return table.values(onGrid: size, exactly: exactly)
  }

  private mutating func note(_ entry: ParameterVisitor.Entry, _ tensor: WeightsTensor, _ how: String) {
    report.reshaped.append(.init(name: entry.name, from: tensor.shape, to: entry.parameter.shape, how: how))
  }
}
