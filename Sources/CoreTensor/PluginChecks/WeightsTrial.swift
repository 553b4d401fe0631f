import CoreTensor
import Foundation
import NeuralNetworks
import WorldModel

/// Families of checkpoints, tried on small models that are written as their files and read again.
struct WeightsTrial {
  let definition: WeightsDefinition
  let given: [String: OptionValue]

  private static func shapes(_ design: EncoderDesign) -> [WorldModelConfiguration] {
    [(24, 4, 16, 2), (40, 8, 32, 3)].map { image, patch, width, depth in
      WorldModelConfiguration(
        encoder: VisionTransformerConfiguration(
          imageSize: image, patchSize: patch, width: width, depth: depth, heads: 2, design: design),
        predictor: PredictorConfiguration(
          featureWidth: width, width: 16, depth: 1, heads: 2, gridSize: image / patch, mlpRatio: 2))
    }
  }

  private func families() throws -> [any WeightsFamily] {
    try definition.make(Options(definition.options, given: given))
  }

  func options() throws {
    try OptionTrial.check(definition.options) { _ = try definition.make($0) }
  }

  func words() throws {
    let families = try families()
    guard !families.isEmpty else { throw Broken("there is no family; give one or more") }
    for family in families {
      let isName =
        !family.name.isEmpty
        && family.name.utf8.allSatisfy {
          (0x61...0x7a).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x5f || $0 == 0x2d
        }
      guard isName, !family.summary.isEmpty, !family.layout.isEmpty else {
        throw Broken(
          "family \"\(family.name)\": expected a name of ASCII letters, digits, - and _, a summary and a layout; found "
            + "\"\(family.summary)\" and \"\(family.layout)\"")
      }
    }
    let names = families.map(\.name)
    guard Set(names).count == names.count else { throw Broken("two families have one name, of \(names)") }
  }

  /// Each family with a file of each model, as it would hold it.
  private func each(_ body: (any WeightsFamily, ExampleWeights) throws -> Void) throws {
    for family in try families() {
      for shape in Self.shapes(family.example) {
        do { try body(family, try ExampleWeights(shape, as: family)) } catch {
          throw Broken("family \"\(family.name)\": \(error)")
        }
      }
    }
  }

  func recognition() throws {
    let all = try families()
    try each { family, example in
      let knowing = all.filter { $0.recognizes(example) }.map(\.name)
      guard knowing == [family.name] else {
        throw Broken(
          "a file of its names is recognised by \(knowing.isEmpty ? "no family" : knowing.joined(separator: ", ")); "
            + "expected it alone: compare places(of:in:) with recognizes(_:)")
      }
    }
  }

  func strangers() throws {
    try each { family, example in
      let strangers = [
        ("without a tensor", ExampleWeights(tensors: [])),
        (
          "of one tensor \"fc.weight\"",
          ExampleWeights(tensors: [(path: ["fc.weight"], shape: [2, 2], values: [1, 2, 3, 4])])
        ),
        ("whose names all begin and end with \"foreign\"", example.renamed { "foreign.\($0).foreign" }),
      ]
      for (what, file) in strangers where family.recognizes(file) {
        throw Broken("a file \(what) is recognised; recognise a name that only files of the family have")
      }
    }
  }

  func names() throws {
    try each { family, example in
      let names = try family.names(of: example)
      let dropped = names.dropped.map(\.name).filter { !example.additions.contains($0) }
      guard dropped.isEmpty, names.beside.isEmpty else {
        throw Broken(
          "of a file that holds a model and nothing else, \(dropped + names.beside.keys.sorted()) are left out"
        )
      }
      for parameter in example.parameters {
        let (expected, found) = (
          family.places(of: parameter.name, in: example.shape.encoder),
          names.tensors[parameter.name]?.map(\.path) ?? []
        )
        guard expected == found else {
          throw Broken("\(parameter.name) is written to \(expected) and read from \(found)")
        }
        let shape = family.written(parameter, in: example.shape.encoder).shape
        guard names.shape(of: parameter.name) == shape else {
          throw Broken(
            "\(parameter.name) of \(parameter.shape) is read as \(names.shape(of: parameter.name) ?? [])")
        }
      }
      let others = Set(names.tensors.keys).subtracting(example.parameters.map(\.name)).sorted()
      guard others.isEmpty else { throw Broken("\(others.prefix(5)) are read, and never written") }
    }
  }

  func sizes() throws {
    try each { family, example in
      let (shape, names) = (example.shape, try family.names(of: example))
      let found = try family.sizes(of: names, in: example, heads: shape.encoder.heads)
      let (expected, read) = (
        [shape.encoder.width, shape.encoder.depth, shape.encoder.heads, shape.encoder.patchSize],
        [found.width, found.depth, found.heads, found.patchSize]
      )
      guard expected == read, found.mlpRatio == shape.encoder.mlpRatio,
        found.gridSize == nil || found.gridSize == shape.encoder.gridSize
      else {
        throw Broken(
          "width, depth, heads and patch are \(expected), read as \(read), of \(found.gridSize ?? 0) patches along a side"
        )
      }
      let predictor =
        names.has("predictor")
        ? WeightsSizes.Predictor(
          width: shape.predictor.width, depth: shape.predictor.depth, mlpRatio: shape.predictor.mlpRatio)
        : nil
      guard found.predictor == predictor else {
        throw Broken(
          "a predictor of \(predictor.map { "\($0)" } ?? "none") is read as \(found.predictor.map { "\($0)" } ?? "none")"
        )
      }
      let settings = try family.settings(for: names, in: example, sizes: found, given: [])
      if let odd = settings.first(where: { $0.table.isEmpty || $0.key.isEmpty || $0.table == "model" }) {
        throw Broken(
          "the setting \"\(odd.table).\(odd.key)\" is suggested; sizes of the model are no settings")
      }
    }
  }

  func identity() throws {
    try each { family, example in
      let names = try family.names(of: example)
      let conversion = try family.conversion(
        of: names, in: example, heads: example.shape.encoder.heads)
      for parameter in example.parameters {
        let stored = try Self.stored(parameter.name, names, example)
        let read = conversion?.apply(stored, parameter.name, parameter.shape) ?? stored
        guard read == parameter.values else {
          throw Broken("\(parameter.name) has other numbers once it was written and read again")
        }
      }
    }
  }

  /// A parameter's numbers in a file: a row for the class token is none of a table's, and is added to the token.
  private static func stored(
    _ parameter: String, _ names: WeightsNames, _ example: ExampleWeights
  ) throws -> [Float] {
    let stored = try names.floats(of: parameter, in: example)
    if parameter.hasSuffix("encoder.pos_embed") {
      return try PositionTable(parameter, of: names, example)?.values ?? stored
    }
    guard parameter.hasSuffix(".cls_token") else { return stored }
    let table = String(parameter.dropLast("cls_token".count)) + "pos_embed"
    let row = try PositionTable(table, of: names, example)?.classRow
    return row.map { zip(stored, $0).map { $0 + $1 } } ?? stored
  }

  func exports() throws {
    try each { family, example in
      guard let scope = family.exports else { return }
      if let refused = family.refusal(of: example.shape.encoder) {
        throw Broken("its own example is refused, for \(refused); give an example that can be exported")
      }
      let held = Set(example.parameters.map(\.name))
      let lacking = example.all.filter { scope == .model || $0.name.hasPrefix("encoder.") }
        .map(\.name).filter { !held.contains($0) }
      guard lacking.isEmpty else { throw Broken("an export lacks \(lacking.prefix(5)); give their places") }
      if let deep = example.tensors.first(where: { $0.path.count != 1 }) {
        throw Broken("\(deep.path) lies below another key, which safetensors do not have")
      }
      let model = ExportedModel(
        shape: example.shape, parameters: example.parameters, run: "trial", step: 3,
        encoder: scope == .encoder ? "target" : nil)
      let names = try family.companions(of: model).files.map(\.name) + ["model.safetensors"]
      guard Set(names).count == names.count, names.allSatisfy({ !$0.isEmpty && !$0.contains("/") }) else {
        throw Broken("an export's files are called \(names); expected names, each its own")
      }
    }
  }
}

/// A small model as a file of a family holds it.
final class ExampleWeights: WeightsContents {
  let path = "example"
  let tensors: [WeightsTensor]
  let remarks: [WeightsRemark] = []
  let configuration: [WeightsRemark] = []
  /// Of the model; those that the family holds, and all.
  private(set) var parameters: [ExportedModel.Parameter] = []
  private(set) var all: [ExportedModel.Parameter] = []
  /// Names of tensors that an export holds beside the model's.
  private(set) var additions: Set<String> = []
  let shape: WorldModelConfiguration
  private let values: [[Float]]

  var size: Int { tensors.reduce(0) { $0 + $1.byteCount } }

  init(
    tensors: [(path: [String], shape: [Int], values: [Float])],
    of shape: WorldModelConfiguration = TrialConfiguration.suiting([])
  ) {
    self.shape = shape
    values = tensors.map(\.values)
    self.tensors = tensors.enumerated().map { index, tensor in
      WeightsTensor(
        path: tensor.path, type: "F32", shape: tensor.shape, byteCount: 4 * tensor.values.count, index: index)
    }
  }

  convenience init(_ shape: WorldModelConfiguration, as family: any WeightsFamily) throws {
    var random = RandomStream(seed: TaskTrial.seed, stream: "weights")
    let all = WorldModel(shape, latents: [], seed: TaskTrial.seed).entries.map { entry in
      // Numbers that tell each parameter from every other; tables must stay what they are.
      let values = entry.parameter.tensor.values.map { entry.isBuffer ? $0 : $0 + Float(random.normal()) }
      return ExportedModel.Parameter(name: entry.name, shape: entry.parameter.shape, values: values)
    }
    let parameters = all.filter { !family.places(of: $0.name, in: shape.encoder).isEmpty }
    let written = try parameters.flatMap { try family.tensors(of: $0, in: shape.encoder) }
    var tensors = written.map { (path: $0.path, shape: $0.shape, values: $0.values) }
    let beside =
      family.exports == nil
      ? []
      : try family.companions(
        of: ExportedModel(shape: shape, parameters: parameters, run: "trial", step: 3, encoder: nil)
      ).tensors
    tensors += beside.map { ([$0.name], $0.shape, $0.values) }
    let paths = tensors.map { $0.path.joined(separator: "\n") }
    guard Set(paths).count == paths.count else {
      let twice = Dictionary(grouping: paths) { $0 }.first { $1.count > 1 }?.key ?? ""
      throw Broken("two parameters are written to \(twice.split(separator: "\n"))")
    }
    self.init(tensors: tensors, of: shape)
    (self.all, self.parameters) = (all, parameters)
    additions = Set(beside.map(\.name))
  }

  /// The same tensors under other keys.
  func renamed(_ change: (String) -> String) -> ExampleWeights {
    ExampleWeights(
      tensors: tensors.map { (path: $0.path.map(change), shape: $0.shape, values: values[$0.index]) },
      of: shape)
  }

  func floats(of tensor: WeightsTensor) throws -> [Float] { values[tensor.index] }
}
