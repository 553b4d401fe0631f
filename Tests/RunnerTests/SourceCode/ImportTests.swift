import Foundation
import Testing

/// Imports point one way: from the program to its libraries, from these and from plugins to the core.
@Suite struct ImportTests {
  /// A folder, and what its files may import besides the system's modules.
  struct Room {
    let folder: String
    let imports: Set<String>

    init(_ folder: String, _ imports: Set<String>) { (self.folder, self.imports) = (folder, imports) }
  }

  /// What a plugin may import of the core.
  private static let core: Set = ["CoreTensor", "Imaging", "NeuralNetworks", "Metrics", "WorldModel"]
  /// What computes for the program, below its commands.
  private static let libraries: Set = [
    "Audit", "Batches", "Console", "Figures", "Pages", "PluginHost", "Radiographs", "Runs", "Trackers",
    "Weights",
  ]

  /// Every room of the program, from the bottom up; the longest folder that a file lies in is its room.
  static let rooms = [
    Room("Sources/CoreTensor/CoreTensor", ["CKernels", "COpenBLAS", "CFaults"]),
    Room("Sources/CoreTensor/Imaging", ["CoreTensor", "CKernels"]),
    Room("Sources/CoreTensor/NeuralNetworks", ["CoreTensor"]),
    Room("Sources/CoreTensor/Metrics", ["CoreTensor", "COpenBLAS"]),
    Room(
      "Sources/CoreTensor/WorldModel",
      ["CoreTensor", "Imaging", "NeuralNetworks", "Metrics", "CPluginInterface"]),
    Room("Sources/CoreTensor/PluginChecks", core),
    Room("Sources/Tasks", core),
    Room("Sources/Plugins", core),
    Room("Sources/Plugins/Dicom", core.union(["CDicomProtocol"])),
    Room("Sources/Plugins/Imagine", core.union(["Imagining"])),
    Room("Sources/Plugins/ImagineDecoder", core.union(["Imagining"])),
    Room("Sources/Plugins/FineTune", core.union(["FineTuning"])),
    Room("Sources/Plugins/RCDM", core.union(["Imagining"])),
    Room("Sources/Plugins/Segment/Metrics", ["CoreTensor", "Imaging"]),
    Room("Sources/Plugins/Segment/Evaluation", core.union(["FineTuning", "SegmentationMetrics"])),
    Room("Sources/Plugins/Torch", core.union(["CTorch", "TorchBoundary"])),
    Room("Sources/Plugins/MPI", core.union(["CMPI"])),
    Room("Sources/Runner/PluginHost", core.union(["CToml"])),
    Room("Sources/Runner/Runs", core.union(["CZlib"])),
    Room("Sources/Runner/Radiographs", core.union(["PluginHost", "Runs", "CCodecs", "CZlib"])),
    Room("Sources/Runner/Figures", core.union(["Runs", "CCairo"])),
    Room("Sources/Runner/Pages", ["Figures"]),
    Room("Sources/Runner/Weights", core.union(["Runs"])),
    Room("Sources/Runner/Audit", core.union(["Runs", "Pages"])),
    Room("Sources/Runner/Batches", core.union(["Runs"])),
    Room("Sources/Runner/Trackers", core.union(["Runs"])),
    Room("Sources/Runner/Console", core.union(["Runs"])),
    Room("Sources/Runner/Training", core.union(libraries)),
    Room("Sources/Runner/Evaluations", core.union(libraries).union(["Training"])),
    Room("Sources/Runner/Ablation", core.union(libraries).union(["Training", "Evaluations"])),
    Room(
      "Sources/Runner/Commands",
      core.union(libraries).union(["Training", "Evaluations", "Ablation", "PluginChecks"])),
    Room("Sources/Runner/Main", ["Commands"]),
    Room("Examples", core),
    Room("Examples/FromCode", ["Training", "Evaluations"]),
  ]

  /// Modules of the system and the toolchain, which any file may import.
  private static let system: Set = ["Dispatch", "Foundation", "Glibc", "Synchronization", "Swift"]

  /// The folder in `rooms` that a file belongs to.
  private static func room(of path: String) -> Room? {
    rooms.filter { path.hasPrefix($0.folder + "/") }.max { $0.folder.count < $1.folder.count }
  }

  /// The modules that a source imports, with their lines.
  private static func imports(of text: String) -> [(module: String, line: Int)] {
    let words = SwiftSource(text).words
    let kinds: Set = ["class", "enum", "func", "let", "protocol", "struct", "typealias", "var"]
    return words.indices.dropLast().compactMap { index in
      guard words[index].kind == .identifier, words[index].text == "import" else { return nil }
      let isOfOneName = kinds.contains(words[index + 1].text) && index + 2 < words.count
      let module = words[isOfOneName ? index + 2 : index + 1]
      return (module.text, words[index].line)
    }
  }

  @Test func importsPointOneWay() throws {
    let files = try (SourceFiles.below("Sources") + SourceFiles.below("Examples")).filter {
      !$0.path.hasSuffix("/Package.swift") && !$0.path.contains("/Tests/")
    }
    #expect(files.count > 300)
    for file in files {
      guard let room = Self.room(of: file.path) else {
        Issue.record("\(file.path): no room of the table has this folder; add it with what it may import")
        continue
      }
      for (module, line) in Self.imports(of: file.text)
      where !room.imports.union(Self.system).contains(module) {
        Issue.record(
          "\(file.path):\(line): \(room.folder) may import \(room.imports.sorted().joined(separator: ", ")), found \(module)"
        )
      }
    }
  }

  @Test func importsAreFound() {
    let text = "import A\n@_exported import B\n// import C\nprivate import struct D.E\n"
    #expect(Self.imports(of: text).map { "\($0.line) \($0.module)" } == ["1 A", "2 B", "4 D"])
  }
}
