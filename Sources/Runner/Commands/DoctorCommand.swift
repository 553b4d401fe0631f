import Console
import CoreTensor
import Figures
import Foundation
import PluginHost
import Training

extension Command {
  /// What one would paste into a report of a fault.
  static let doctor = Command(
    name: "doctor", summary: "Say what is installed and in use: versions, processor, threads, plugins",
    options: [
      .plugins,
      CommandOption("--json", help: "One line of JSON."),
      ComputeOptions.instructions,
      CommandOption(
        "--lesser-sets",
        help:
          "One line for each instruction set below this processor's best: its name, and the environment that "
          + "holds programs, their libraries and tests to it."),
    ],
    examples: [
      CommandExample("chex-runner doctor", "to paste into a report of a fault"),
      CommandExample("chex-runner doctor --instructions avx2", "what an older processor would use"),
    ],
    run: { arguments in
      try ComputeOptions.applyInstructions(arguments)
      if arguments.has("--lesser-sets") {
        for set in InstructionSet.executable.dropLast() {
          let variables = set.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
          Output.print(([set.rawValue] + variables).joined(separator: " "))
        }
        return 0
      }
      var findings: [(name: String, value: String)] = [
        ("chex-runner", CommandLineProgram.version),
        ("core", PluginHost.coreFingerprint + (PluginHost.coreWarning.map { "; " + $0 } ?? "")),
        ("system", Machine.systemName), ("processor", Machine.processor("model name")),
        ("processor features", processorFeatures().joined(separator: " ")),
        ("threads", "\(ProcessInfo.processInfo.activeProcessorCount) cores to use"),
        (
          "instructions",
          InstructionSet.current.rawValue + ", of "
            + InstructionSet.executable.map(\.rawValue).joined(separator: ", ")
        ),
        ("precision", Precision.auto.sentence),
        ("memory", "\(ProcessInfo.processInfo.physicalMemory >> 30) GiB"),
        ("matrix libraries", Compute.libraryDescription),
      ]
      for library in loadedLibraries() { findings.append(("library", library)) }
      var isWell = true
      do {
        let place = try PluginsFile.find(given: arguments.value("--plugins"))
        let manifest = try PluginManifest(path: place.path)
        findings.append(("registry", manifest.path))
        findings.append(("registry, why", place.reason + "; the rule: --plugins; \(PluginsFile.rule)"))
        for other in place.others { findings.append(("registry, not used", other)) }
        let rows = PluginRow.rows(of: manifest)
        let host = PluginHost(manifest: manifest)
        for warning in host.ownerWarnings(libraries: rows.map(\.library)) {
          findings.append(("warning", warning))
        }
        for row in rows {
          let well = "\(row.version), \(row.library), all checks passed"
          findings.append(("plugin \(row.name)", row.problem ?? well + (row.stale.map { "; " + $0 } ?? "")))
          if row.problem != nil && row.enabled { isWell = false }
        }
        findings.append(contentsOf: devices(host))
      } catch {
        findings.append(("registry", "\(error)"))
        isWell = false
      }
      let (font, hasFont) = font()
      findings.append(("font of figures", font))
      isWell = isWell && hasFont
      findings.append(contentsOf: forAuthors())
      if arguments.has("--json") {
        try Output.printJson(findings.map { ["name": $0.name, "value": $0.value] })
      } else {
        var table = TextTable(columns: [.init("what"), .init("found")])
        for finding in findings { table.add([finding.name, finding.value]) }
        Output.print(table.text(for: Terminal.current()))
      }
      return isWell ? 0 : 1
    })

  /// What backends say of what they need.
  private static func devices(_ host: PluginHost) -> [(name: String, value: String)] {
    host.inspect().compactMap { status in
      guard case .loaded(let plugin) = status, case .backend(let definition) = plugin.definition,
        let status = definition.status
      else { return nil }
      let said = PluginCode("backend \"\(plugin.name)\"", "status").run { status(plugin.options) }
      return ("device \(plugin.name)", said)
    }
  }

  /// The font that figures are written with, or why there is none.
  private static func font() -> (text: String, isFound: Bool) {
    do { return (try Typesetter().foundFamily, true) } catch { return ("\(error)", false) }
  }

  /// What a plugin of one's own is built with and looked up in.
  private static func forAuthors() -> [(name: String, value: String)] {
    do {
      let core = try CorePackage.locate()
      let reference =
        URL(fileURLWithPath: core).deletingLastPathComponent().deletingLastPathComponent().path
        + "/docs/reference.md"
      return [("core's package", core)]
        + (access(reference, R_OK) == 0 ? [("reference", reference)] : [])
    } catch { return [("core's package", "\(error)")] }
  }

  /// Those that kernels or libraries choose by.
  private static func processorFeatures() -> [String] {
    let flags = Set(Machine.processor("flags").split(separator: " ").map(String.init))
    return ["avx2", "fma", "avx512f", "avx512bw", "avx512_bf16", "amx_bf16"].map {
      flags.contains($0) ? $0 : "no-" + $0
    }
  }

  private static func loadedLibraries() -> [String] {
    let maps = Machine.kernelText("/proc/self/maps")
    let wanted = [
      "libCoreTensor", "openblas", "libdnnl", "libpng", "libjpeg", "libz.", "libcairo.", "libpango-",
    ]
    let paths = maps.split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) }
    return Set(paths.filter { path in wanted.contains { path.contains($0) } }).sorted()
  }
}
