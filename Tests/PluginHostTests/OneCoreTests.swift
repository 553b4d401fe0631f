import Foundation
import TestSupport
import Testing

@testable import PluginHost

/// A process has one core only if no plugin brings its own.
@Suite struct OneCoreTests {
  /// What makes a core a core: its types and protocols, and the functions of its C parts. Specialisations and
  /// conformances that a plugin's compiler emits for the plugin's own use have other names.
  static func isCoreSymbol(_ symbol: String) -> Bool {
    let modules = ["$s10CoreTensor", "$s14NeuralNetworks", "$s10WorldModel", "$s7Imaging", "$s7Metrics"]
    let isDescription = ["Mn", "Mp", "N"].contains { symbol.hasSuffix($0) }
    return (isDescription && modules.contains { symbol.hasPrefix($0) })
      || (symbol.hasPrefix("chex_") && symbol != "chex_plugin")
  }

  static let shipped: [String] = {
    let registry = try? PluginManifest(path: BuildFolder.repository + "/plugins.toml")
    return registry?.entries.map(\.library) ?? []
  }()

  @Test func everyShippedPluginIsLookedAt() { #expect(Self.shipped.count >= 9) }

  @Test(arguments: shipped)
  func aPluginNeedsTheCoreAndDefinesNoneOfIt(name: String) throws {
    let core = try ElfLibrary(path: BuildFolder.library("CoreTensor")).defined.filter(Self.isCoreSymbol)
    #expect(core.contains("chex_core_fingerprint"))
    #expect(core.contains("$s10WorldModel14PluginRegistryCMn") && core.contains("$s10WorldModel0A4TaskMp"))
    let library = try ElfLibrary(path: BuildFolder.library(name))
    #expect(library.needed.contains("libCoreTensor.so"), "\(name) needs \(library.needed)")
    let copied = core.intersection(library.defined).sorted()
    #expect(copied.isEmpty, "lib\(name).so defines \(copied.count) core symbols: \(copied.prefix(5))")
  }

  @Test func theReaderSeesWhatABuiltLibraryDefines() throws {
    let library = try ElfLibrary(path: BuildFolder.library("ThrowingPlugin"))
    #expect(library.defined.contains("chex_plugin"))
    #expect(!library.defined.contains("chex_core_fingerprint"))
    #expect(!library.defined.contains("$s10WorldModel14PluginRegistryCMn"))
  }

  @Test func damagedTablesAreErrors() throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: BuildFolder.library("ThrowingPlugin")))
    var state: UInt64 = 1
    for _ in 0..<300 {
      var damaged = whole
      for _ in 0..<4 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // Half of the damage falls on the headers and half on the section table at the end.
        let near = Int(state >> 33) % 2048
        let place = state & 1 << 20 == 0 ? near % 64 : whole.count - 1 - near % min(2048, whole.count)
        damaged[place] = UInt8(truncatingIfNeeded: state >> 40)
      }
      do { _ = try ElfLibrary(data: damaged) } catch let fault as ElfLibrary.Fault {
        #expect(!fault.description.isEmpty)
      }
    }
  }
}
