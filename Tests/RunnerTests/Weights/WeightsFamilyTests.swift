import CoreTensor
import Foundation
import NeuralNetworks
import PublicWeights
import Runs
import PluginChecks
import Testing
import WorldModel

@testable import Weights

/// Encoders whose names all have a prefix, and what such a family can do wrong.
private struct PrefixedFamily: WeightsFamily {
  var name = "prefixed"
  let summary = "mine.*"
  let layout = "prefixed"
  var exports: WeightsScope? = .encoder
  var known: @Sendable (String) -> Bool = { $0.hasPrefix("mine.") }
  var parameter: @Sendable (String) -> String = { "encoder." + $0 }
  var place: @Sendable (String) -> String = { $0 }
  var change: @Sendable ([Float]) -> [Float] = { $0 }

  func recognizes(_ file: any WeightsContents) -> Bool { file.tensors.contains { known($0.name) } }
  func names(of file: any WeightsContents) throws -> WeightsNames {
    try WeightsNames(file) { tensor in
      known(tensor.name) ? .parameter(parameter(String(tensor.name.dropFirst(5)))) : .beside
    }
  }
  func places(of parameter: String, in encoder: VisionTransformerConfiguration) -> [[String]] {
    parameter.hasPrefix("encoder.") ? [["mine." + place(String(parameter.dropFirst(8)))]] : []
  }
  func written(
    _ parameter: ExportedModel.Parameter, in encoder: VisionTransformerConfiguration
  ) -> ExportedModel.Parameter {
    .init(name: parameter.name, shape: parameter.shape, values: change(parameter.values))
  }
}

/// Families of checkpoints: which file is whose, and what is promised of each.
@Suite struct WeightsFamilyTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/model.safetensors" }

  init() throws { folder = try TemporaryFolder() }

  private func file(_ names: [String]) throws -> WeightsFile {
    try SafetensorsWriter.write(names.map { .init(name: $0, shape: [1], floats: [1]) }, to: path)
    return try WeightsFile(path: path)
  }

  private func problems(_ families: [any WeightsFamily]) -> [String] {
    checkWeights(WeightsDefinition(name: "tried", summary: "tried", make: { _ in families }))
      .compactMap(\.problem)
  }

  @Test func shippedFamiliesKeepEveryPromise() {
    #expect(checkWeights(publicWeights).filter { !$0.isKept } == [])
    #expect(problems([PrefixedFamily()]) == [])
  }

  @Test func promisesThatAreBrokenAreNamed() {
    let cases: [(any WeightsFamily, String)] = [
      (PrefixedFamily(name: "with a space"), "expected a name of ASCII letters"),
      (PrefixedFamily(known: { !$0.isEmpty }), "\"fc.weight\" is recognised"),
      (PrefixedFamily(known: { $0.contains("mine.") }), "foreign"),
      (PrefixedFamily(known: { $0 == "other" }), "recognised by no family"),
      (PrefixedFamily(parameter: { "encoder.x." + $0 }), "is written to"),
      (PrefixedFamily(place: { $0.replacing("norm1", with: "norm2") }), "two parameters are written to"),
      (PrefixedFamily(place: { $0.replacing("qkv", with: "kvq") }), "read from []"),
      (PrefixedFamily(change: { $0.reversed() }), "other numbers once it was written"),
      (PrefixedFamily(change: { Array($0.dropLast()) }), "expected as many"),
      (PrefixedFamily(exports: .model), "an export lacks"),
    ]
    for (family, expected) in cases {
      let found = problems([family])
      #expect(found.contains { $0.contains(expected) }, "\(expected): \(found)")
    }
    #expect(problems([]).contains { $0.contains("there is no family") })
    #expect(
      problems([PrefixedFamily(), PrefixedFamily()]).contains { $0.contains("two families have one name") })
  }

  @Test func oneFamilyKnowsAFile() throws {
    let shipped = WeightsFamilies.shipped()
    let kernel = "patch_embed.proj.weight"
    for (names, family) in [
      ([kernel], "timm"), (["encoder." + kernel], "chexworld"),
      (["module.target_encoder." + kernel], "chexworld"),
    ] {
      #expect(try shipped.family(of: file(names)).name == family)
      #expect(try shipped.family(of: file(names), named: family).name == family)
    }
    let greedy = WeightsFamilies(shipped.all + [PrefixedFamily(name: "greedy", known: { _ in true })])
    let both = #expect(throws: WeightsFileError.self) { try greedy.family(of: file([kernel])) }
    #expect("\(both!)".contains("timm, greedy; say which with --family NAME"), "\(both!)")
    #expect(try greedy.family(of: file([kernel]), named: "greedy").name == "greedy")
    let unlike = #expect(throws: WeightsFileError.self) {
      try shipped.family(of: file([kernel]), named: "chexworld")
    }
    #expect("\(unlike!)".contains("found 1 tensors: \(kernel); it is one of timm"), "\(unlike!)")
    let unknown = #expect(throws: WeightsFileError.self) { try shipped.family(of: file(["fc.weight"])) }
    #expect(
      "\(unknown!)".contains("found 1 tensors: fc.weight; families: timm (")
        && "\(unknown!)".contains("; ijepa ("),
      "\(unknown!)")
    let named = #expect(throws: WeightsFileError.self) {
      try shipped.family(of: file([kernel]), named: "odd")
    }
    #expect("\(named!)".contains("found \"odd\"; families: timm ("), "\(named!)")
    let none = #expect(throws: WeightsFileError.self) { try WeightsFamilies([]).family(of: file([kernel])) }
    #expect("\(none!)".contains("no plugin of kind weights is enabled"), "\(none!)")
  }

  /// Rows of several tensors that are one parameter's, as other projects keep queries, keys and values.
  @Test func partsAreJoinedInOrder() throws {
    let entries = ["k", "q", "v"].map { name in
      SafetensorsEntry(
        name: name, shape: [1, 2], floats: ["q": [1, 2], "k": [3, 4], "v": [5, 6]][name]!)
    }
    try SafetensorsWriter.write(entries, to: path)
    let file = try WeightsFile(path: path)
    let numbers = ["q": 0, "k": 1, "v": 2]
    let names = try WeightsNames(file) { .part(of: "qkv", number: numbers[$0.name]!) }
    #expect(names.shape(of: "qkv") == [3, 2])
    #expect(try names.floats(of: "qkv", in: file) == [1, 2, 3, 4, 5, 6])
    let gap = #expect(throws: WeightsFileError.self) {
      try WeightsNames(file) { .part(of: "qkv", number: 2 * numbers[$0.name]!) }
    }
    #expect("\(gap!)".contains("counted from 0 without a gap, found [0, 2, 4]"), "\(gap!)")
    #expect(throws: WeightsFileError.self) { try WeightsNames(file) { _ in .part(of: "qkv", number: 0) } }
    #expect(throws: WeightsFileError.self) { try WeightsNames(file) { _ in .parameter("qkv") } }
  }
}
