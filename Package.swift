// swift-tools-version: 6.2
import Foundation
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
let core: Target.Dependency = .product(name: "CoreTensor", package: "CoreTensor")

/// A plugin is a dynamic library of its own that imports the core, and modules that it shares with other plugins.
func plugin(_ name: String, _ path: String, _ shared: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: [core] + shared, path: path, swiftSettings: strict)
}
/// All tests are one program, which holds several plugins and so several entry points; it calls none of them.
let manyEntryPoints: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "muldefs"])]
func tests(
  _ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = [],
  exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: [core, "TestSupport"] + dependencies, path: "Tests/\(name)", exclude: exclude,
    swiftSettings: strict + settings, linkerSettings: manyEntryPoints)
}

/// An installed program finds the core in `../lib`, wherever its tree was moved to.
let installedLibraries: [LinkerSetting] = [
  .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/../lib"])
]

/// Where Debian's libcairo2-dev and libpango1.0-dev, and what these need, have their headers: for `Figures`, and for
/// all that imports it, since a build for tests shows what it imports. Named here, since the package manager warns of
/// pkg-config's other flags (`-pthread`) at each build.
let drawingHeaders: [SwiftSetting] = [
  .unsafeFlags(
    [
      "/usr/include/cairo", "/usr/include/pango-1.0", "/usr/include/harfbuzz", "/usr/include/glib-2.0",
      "/usr/lib/x86_64-linux-gnu/glib-2.0/include",
    ].flatMap { ["-Xcc", "-isystem", "-Xcc", $0] })
]

/// What of the runner computes; each is a module of its own, optimised, in a folder of the runner.
let computingModules = [
  "Runs", "Radiographs", "PluginHost", "Figures", "Pages", "Weights", "Audit", "Batches", "Trackers",
]
/// The rest of the runner's modules, each above those before it.
let runnerModules = computingModules + ["Console", "Training", "Evaluations", "Ablation", "Commands"]
/// These are glue: optimised they took 150 s of each build, so they take 20 s, at the same speed. Tests that compute
/// little themselves take a third of the time to build.
let unoptimized: [SwiftSetting] = [.unsafeFlags(["-Onone"])]

/// A module of the runner that computes little.
func glue(_ name: String, _ dependencies: [String] = []) -> Target {
  .target(
    name: name, dependencies: [core] + dependencies.map { .byName(name: $0) }, path: "Sources/Runner/\(name)",
    swiftSettings: strict + unoptimized + drawingHeaders)
}

let pluginTargets = [
  "LocalTask", "GlobalTask", "DomainTask", "MAETask", "VisibleTask", "FrozenTeacherTask", "SimMIMTask",
  "SIGRegTask", "MoCoV3Task", "DINOTask", "PhantomData",
  "DicomCodec", "ProbeEvaluation",
  "SensitivityEvaluation", "ImagineEvaluation", "DecoderEvaluation", "RCDMEvaluation",
  "CorrespondenceEvaluation", "PCAEvaluation", "SurpriseEvaluation",
  "FineTuneEvaluation", "SegmentEvaluation", "PublicWeights", "TorchBackend", "TorchCommunicator",
]
/// `scripts/build` leaves out what is of tests alone.
let hasTests = Context.environment["CHEX_WITHOUT_TESTS"] == nil
/// Libraries of tests alone: a plugin that crashes, and those that the host must refuse, each for its own reason.
let refusedTargets =
  hasTests
  ? ["WrongVersionPlugin", "ForeignCorePlugin", "ForeignRegistryPlugin", "ThrowingPlugin", "DuplicatePlugin"]
  : []
let trapTargets = refusedTargets.isEmpty ? [] : ["TrapTask"]

/// The DICOM decoder needs Debian's libgdcm-dev. Without it the codec is built all the same and says what is missing.
let gdcm = "/usr/include/gdcm-3.0"
let hasGDCM = FileManager.default.fileExists(atPath: gdcm + "/gdcmReader.h")
let dicomTargets: [Target] =
  !hasGDCM
  ? []
  : [
    .target(
      name: "CDicom", dependencies: ["CDicomProtocol"], path: "Sources/Plugins/Dicom/CDicom",
      cxxSettings: [.unsafeFlags(["-isystem", gdcm])],
      linkerSettings: ["gdcmMSFF", "gdcmDSED", "gdcmCommon", "z", "m"].map { .linkedLibrary($0) }),
    .executableTarget(
      name: "chex-dicom-worker", dependencies: ["CDicom"], path: "Sources/Plugins/Dicom/Worker"),
  ]
    + (hasTests
      ? [tests("DicomTests", ["DicomCodec", "CDicomProtocol", "Radiographs", "chex-dicom-worker"])] : [])

/// MPI, of Debian's libopenmpi-dev. Without it a run has one process.
let mpi = "/usr/lib/x86_64-linux-gnu/openmpi"
let hasMPI = FileManager.default.fileExists(atPath: mpi + "/include/mpi.h")
let mpiTargets: [Target] =
  !hasMPI
  ? []
  : [
    .target(
      name: "CMPI", path: "Sources/Plugins/MPI/CMPI",
      cSettings: [.unsafeFlags(["-isystem", mpi + "/include"])],
      linkerSettings: [.unsafeFlags(["-L" + mpi + "/lib"]), .linkedLibrary("mpi")]),
    .target(
      name: "MPICommunicator", dependencies: [core, "CMPI"], path: "Sources/Plugins/MPI/Communicator",
      swiftSettings: strict),
  ]

let testTargets: [Target] =
  !hasTests
  ? []
  : [
    .target(
      name: "TestSupport", dependencies: [core], path: "Tests/TestSupport", swiftSettings: strict),
    tests("CoreTensorTests"),
    tests("NeuralNetworksTests"),
    tests("ImagingTests"),
    tests("MetricsTests", ["ProbeEvaluation"]),
    tests("WorldModelTests", ["PluginHost"]),
    tests("MAETests", ["MAETask"], exclude: ["golden.json"]),
    tests("VisibleTests", ["VisibleTask", "LocalTask"], exclude: ["golden.json"]),
    tests("FrozenTeacherTests", ["FrozenTeacherTask", "LocalTask"]),
    tests("SimMIMTests", ["SimMIMTask", "LocalTask"], exclude: ["golden.json"]),
    tests("SIGRegTests", ["SIGRegTask", "LocalTask"], exclude: ["golden.json"]),
    tests("MoCoV3Tests", ["MoCoV3Task", "LocalTask"], exclude: ["golden.json"]),
    tests("DINOTests", ["DINOTask", "LocalTask"], exclude: ["golden.json"]),
    tests("PhantomTests", ["PhantomData"]),
    tests("SensitivityTests", ["SensitivityEvaluation", "PluginHost"]),
    tests("CorrespondenceTests", ["CorrespondenceEvaluation"]),
    tests("ImagineTests", ["ImagineEvaluation", "Imagining"]),
    tests("ImagineDecoderTests", ["DecoderEvaluation", "Imagining"]),
    tests("RCDMTests", ["RCDMEvaluation", "Imagining", "PhantomData"], exclude: ["golden.json"]),
    tests("PCATests", ["PCAEvaluation"]),
    tests("SurpriseTests", ["SurpriseEvaluation"]),
    tests("FineTuneTests", ["FineTuneEvaluation", "FineTuning"]),
    tests(
      "SegmentTests", ["SegmentEvaluation", "SegmentationMetrics", "FineTuning"], exclude: ["golden.json"]),
    tests("TorchBackendTests", ["TorchBackend", "TorchCommunicator", "TorchBoundary", "CTorch"]),
    tests(
      "RadiographsTests", ["Radiographs", "Runs", "CCodecs", "CZlib", "PhantomData"], settings: unoptimized),
    tests("PluginHostTests", ["PluginHost"], settings: unoptimized),
    tests(
      "RunnerTests",
      ["PhantomData", "PublicWeights"]
        + runnerModules.map { .byName(name: $0) }, settings: drawingHeaders + unoptimized,
      exclude: ["Weights/Encoders"]),
    tests("EndToEndTests", ["Radiographs"], settings: unoptimized),
  ]

let package = Package(
  name: "CheXWorld",
  products: [
    .executable(name: "chex-runner", targets: ["chex-runner"]),
    .library(name: "CheXWorldRunner", targets: runnerModules),
  ]
    + (hasGDCM ? [.executable(name: "chex-dicom-worker", targets: ["chex-dicom-worker"])] : [])
    + (pluginTargets + (hasMPI ? ["MPICommunicator"] : []) + refusedTargets + trapTargets).map {
      .library(name: $0, type: .dynamic, targets: [$0])
    },
  dependencies: [.package(path: "Sources/CoreTensor")],
  targets: [
    plugin("LocalTask", "Sources/Tasks/Local"),
    plugin("GlobalTask", "Sources/Tasks/Global"),
    plugin("DomainTask", "Sources/Tasks/Domain"),
    plugin("MAETask", "Sources/Tasks/MAE"),
    plugin("VisibleTask", "Sources/Tasks/Visible"),
    plugin("FrozenTeacherTask", "Sources/Tasks/FrozenTeacher"),
    plugin("SimMIMTask", "Sources/Tasks/SimMIM"),
    plugin("SIGRegTask", "Sources/Tasks/SIGReg"),
    plugin("MoCoV3Task", "Sources/Tasks/MoCoV3"),
    plugin("DINOTask", "Sources/Tasks/DINO"),
    plugin("PhantomData", "Sources/Plugins/Phantom"),
    plugin("ProbeEvaluation", "Sources/Plugins/Probe"),
    plugin("SensitivityEvaluation", "Sources/Plugins/Sensitivity"),
    plugin("CorrespondenceEvaluation", "Sources/Plugins/Correspondence"),
    plugin("PCAEvaluation", "Sources/Plugins/PCA"),
    plugin("SurpriseEvaluation", "Sources/Plugins/Surprise"),
    .target(
      name: "Imagining", dependencies: [core], path: "Sources/Plugins/Imagining", swiftSettings: strict),
    plugin("ImagineEvaluation", "Sources/Plugins/Imagine", ["Imagining"]),
    plugin("DecoderEvaluation", "Sources/Plugins/ImagineDecoder", ["Imagining"]),
    plugin("RCDMEvaluation", "Sources/Plugins/RCDM", ["Imagining"]),
    .target(
      name: "FineTuning", dependencies: [core], path: "Sources/Plugins/FineTuning", swiftSettings: strict),
    plugin("FineTuneEvaluation", "Sources/Plugins/FineTune", ["FineTuning"]),
    .target(
      name: "SegmentationMetrics", dependencies: [core], path: "Sources/Plugins/Segment/Metrics",
      swiftSettings: strict),
    plugin(
      "SegmentEvaluation", "Sources/Plugins/Segment/Evaluation", ["FineTuning", "SegmentationMetrics"]),
    plugin("PublicWeights", "Sources/Plugins/Weights"),
    // Its C++ side needs libtorch, which `make torch` finds; it lies in `Library` and is no target.
    .target(name: "CTorch", path: "Sources/Plugins/Torch/CTorch"),
    .target(
      name: "TorchBoundary", dependencies: [core, "CTorch"], path: "Sources/Plugins/Torch/Boundary",
      swiftSettings: strict),
    .target(
      name: "TorchBackend", dependencies: [core, "CTorch", "TorchBoundary"],
      path: "Sources/Plugins/Torch/Backend",
      swiftSettings: strict),
    .target(
      name: "TorchCommunicator", dependencies: [core, "CTorch", "TorchBoundary"],
      path: "Sources/Plugins/Torch/Communicator", swiftSettings: strict),
    .target(name: "CDicomProtocol", path: "Sources/Plugins/Dicom/CDicomProtocol"),
    .target(
      name: "DicomCodec", dependencies: [core, "CDicomProtocol"], path: "Sources/Plugins/Dicom/Codec",
      swiftSettings: strict),
    .target(
      name: "CToml", path: "Sources/Runner/Libraries/CToml",
      cxxSettings: [.unsafeFlags(["-O0", "-std=c++17"])]),
    .target(
      name: "CCodecs", path: "Sources/Runner/Libraries/CCodecs",
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    .target(
      name: "Radiographs", dependencies: [core, "PluginHost", "Runs", "CCodecs", "CZlib"],
      path: "Sources/Runner/Radiographs",
      swiftSettings: strict),
    .target(
      name: "PluginHost", dependencies: [core, "CToml"], path: "Sources/Runner/PluginHost",
      swiftSettings: strict),
    .systemLibrary(
      name: "CZlib", path: "Sources/Runner/Libraries/CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"])]),
    .target(name: "Runs", dependencies: [core, "CZlib"], path: "Sources/Runner/Runs", swiftSettings: strict),
    .systemLibrary(
      name: "CCairo", path: "Sources/Runner/Libraries/CCairo",
      providers: [.apt(["libcairo2-dev", "libpango1.0-dev"])]),
    .target(
      name: "Figures", dependencies: [core, "Runs", "CCairo"], path: "Sources/Runner/Figures",
      swiftSettings: strict + drawingHeaders),
    .target(
      name: "Weights", dependencies: [core, "Runs"], path: "Sources/Runner/Weights", swiftSettings: strict),
    .target(
      name: "Pages", dependencies: ["Figures"], path: "Sources/Runner/Pages",
      swiftSettings: strict + drawingHeaders),
    .target(
      name: "Audit", dependencies: [core, "Runs", "Pages"], path: "Sources/Runner/Audit",
      swiftSettings: strict + drawingHeaders),
    .target(
      name: "Batches", dependencies: [core, "Runs"], path: "Sources/Runner/Batches",
      swiftSettings: strict),
    .target(
      name: "Trackers", dependencies: [core, "Runs"], path: "Sources/Runner/Trackers",
      swiftSettings: strict),
    glue("Console", ["Runs"]),
    glue("Training", ["Console"] + computingModules),
    glue("Evaluations", ["Console", "Training"] + computingModules),
    glue("Ablation", ["Console", "Training", "Evaluations"] + computingModules),
    glue("Commands", ["Console", "Training", "Evaluations", "Ablation"] + computingModules),
    .executableTarget(
      name: "chex-runner", dependencies: ["Commands"], path: "Sources/Runner/Main",
      swiftSettings: strict + drawingHeaders,
      linkerSettings: installedLibraries),
  ] + dicomTargets + mpiTargets + testTargets
    + refusedTargets.map { plugin($0, "Tests/RefusedPlugins/\($0)") }
    + trapTargets.map { plugin($0, "Tests/Fixtures/\($0)") },
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
