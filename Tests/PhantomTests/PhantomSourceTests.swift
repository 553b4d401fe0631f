import Foundation
import Imaging
import TestSupport
import Testing
import WorldModel

@testable import PhantomData

@Suite struct PhantomSourceTests {
  private func source(
    seed: UInt64 = 5, radiographs: Int = 8, size: Int = 96, rate: Double = 0.5
  ) throws -> any RadiographSource {
    let given: [String: OptionValue] = [
      "images": .integer(radiographs), "size": .integer(size), "finding_rate": .number(rate),
    ]
    return try phantomDefinition.make(Options(phantomDefinition.options, given: given), seed)
  }

  @Test func aRadiographDependsOnlyOnSeedAndNumber() throws {
    let (short, long) = (try source(radiographs: 4), try source(radiographs: 40))
    for index in 0..<4 {
      let radiograph = try short.radiograph(at: index)
      #expect(radiograph == (try short.radiograph(at: index)))
      #expect(radiograph == (try long.radiograph(at: index)))
      #expect(try short.truth(at: index) == long.truth(at: index))
      #expect(short.records[index] == long.records[index])
    }
  }

  @Test func threadsChangeNothing() async throws {
    let source = try source(radiographs: 12)
    let alone = try (0..<12).map { try source.radiograph(at: $0) }
    let together = try await withThrowingTaskGroup(of: (Int, GrayImage).self) { group in
      for index in (0..<12).reversed() { group.addTask { (index, try source.radiograph(at: index)) } }
      return try await group.reduce(into: [Int: GrayImage]()) { $0[$1.0] = $1.1 }
    }
    for index in 0..<12 { #expect(together[index] == alone[index]) }
  }

  @Test func seedsAndRadiographsDiffer() throws {
    let (first, second) = (try source(seed: 1), try source(seed: 2))
    for index in 0..<4 {
      let radiograph = try first.radiograph(at: index)
      let other = try second.radiograph(at: index)
      let sibling = try first.radiograph(at: index + 1)
      #expect(meanDifference(radiograph, other) > 0.01)
      #expect(meanDifference(radiograph, sibling) > 0.01)
    }
  }

  private func meanDifference(_ first: GrayImage, _ second: GrayImage) -> Float {
    zip(first.pixels, second.pixels).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(first.pixels.count)
  }

  @Test(arguments: [64, 97, 256, 1024])
  func pixelsAreGreyOfTheAskedSize(size: Int) throws {
    let source = try source(radiographs: 2, size: size, rate: 1)
    let radiograph = try source.radiograph(at: 1)
    #expect(radiograph.width == size && radiograph.height == size)
    #expect(radiograph.pixels.allSatisfy { $0.isFinite && (0...1).contains($0) })
    let (darkest, brightest) = (try #require(radiograph.pixels.min()), try #require(radiograph.pixels.max()))
    #expect(darkest < 0.1 && brightest > 0.6)
  }

  @Test func recordsNamePatientsAndFindings() throws {
    let source = try source(radiographs: 9)
    #expect(
      source.findingNames == ["cardiomegaly", "consolidation", "effusion", "nodule", "pneumothorax"])
    #expect(source.records.count == 9)
    #expect(Set(source.records.map(\.identifier)).count == 9)
    #expect(Set(source.records.compactMap(\.patient)).count == 5)
    #expect(source.records[2].patient == source.records[3].patient)
    #expect(source.records[1].patient != source.records[2].patient)
    for record in source.records {
      #expect(record.split == nil)
      #expect(record.findings.isSubset(of: source.findingNames))
    }
    for pair in 0..<4 {
      let (first, second) = (source.records[2 * pair], source.records[2 * pair + 1])
      #expect(first.findings.contains("cardiomegaly") == second.findings.contains("cardiomegaly"))
    }
    #expect(source.summary == "phantom, seed 5, 9 radiographs")
  }

  @Test func findingRateIsKept() throws {
    #expect(try source(radiographs: 50, rate: 0).records.allSatisfy { $0.findings.isEmpty })
    #expect(try source(radiographs: 50, rate: 1).records.allSatisfy { $0.findings.count == 5 })
    let records = try source(radiographs: 2000, rate: 0.3).records
    for name in try source().findingNames {
      let share = Double(records.count { $0.findings.contains(name) }) / 2000
      // Four standard deviations of 1000 draws, the fewest that any finding has.
      #expect(abs(share - 0.3) < 4 * (0.21 / 1000).squareRoot(), "\(name): \(share)")
    }
  }

  @Test(arguments: [-1, 8, Int.max])
  func aMissingRadiographIsUnusable(index: Int) throws {
    let source = try source(radiographs: 8)
    #expect(throws: UnusableRadiograph.self) { try source.radiograph(at: index) }
    #expect(throws: UnusableRadiograph.self) { try source.truth(at: index) }
  }

  @Test func optionsAreBounded() throws {
    func accepts(_ name: String, _ value: OptionValue) throws -> Bool {
      let declaration = try #require(phantomDefinition.options.first { $0.name == name })
      return declaration.accept(value) != nil
    }
    #expect(try accepts("images", .integer(1)))
    #expect(try !accepts("images", .integer(0)))
    #expect(try accepts("size", .integer(64)) && accepts("size", .integer(1024)))
    #expect(try !accepts("size", .integer(63)) && !accepts("size", .integer(1025)))
    #expect(try accepts("finding_rate", .integer(1)))
    #expect(try !accepts("finding_rate", .number(1.01)) && !accepts("finding_rate", .number(.nan)))
    let defaults = Options(phantomDefinition.options)
    #expect(defaults.integer("images") == 1024 && defaults.integer("size") == 256)
    #expect(defaults.number("finding_rate") == 0.3)
    #expect(try accepts("placement", .integer(0)) && accepts("placement", .number(0.5)))
    #expect(try !accepts("placement", .number(-0.1)) && !accepts("placement", .number(1.1)))
    #expect(try !accepts("placement", .text("centre")))
    #expect(defaults.number("placement") == 1)
  }

  @Test func theEntryPointRegistersThePhantom() throws {
    // This program holds several plugins, and so several entry points; the library has only its own.
    let library = try #require(dlopen(try BuildFolder.library("PhantomData"), RTLD_NOW | RTLD_LOCAL))
    let symbol = try #require(dlsym(library, CHEX_PLUGIN_ENTRY))
    let entry = unsafeBitCast(
      symbol, to: (@convention(c) () -> UnsafePointer<chex_plugin_information>).self)
    let information = entry().pointee
    #expect(information.abiVersion == UInt32(CHEX_PLUGIN_ABI_VERSION))
    #expect(String(cString: information.name) == "phantom")
    #expect(String(cString: information.coreFingerprint) == CHEX_CORE_FINGERPRINT)
    let registry = PluginRegistry()
    let refusal = information.registerInto(
      information.context, Unmanaged.passUnretained(registry).toOpaque())
    #expect(refusal == nil)
    #expect(registry.dataSources.map(\.name) == ["phantom"])
    #expect(registry.tasks.isEmpty)
  }
}
