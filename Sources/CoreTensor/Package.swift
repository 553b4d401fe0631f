// swift-tools-version: 6.2
import PackageDescription

// One dynamic library holds every module that plugins and runner share, so that a process has one core.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  // The compiler would copy code of one module into others and export what that needs as it sees fit in each build: a
  // plugin that was built elsewhere would then ask for symbols that this core has not.
  .unsafeFlags(["-disable-cmo"]),
]

let package = Package(
  name: "CoreTensor",
  products: [
    .library(
      name: "CoreTensor", type: .dynamic,
      targets: ["CoreTensor", "NeuralNetworks", "Imaging", "Metrics", "WorldModel", "PluginChecks"])
  ],
  targets: [
    .target(
      name: "CKernels", path: "CKernels",
      cSettings: [
        .unsafeFlags(["-O3", "-fno-math-errno", "-fvisibility=hidden"]), .treatAllWarnings(as: .error),
      ],
      linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("pthread"), .linkedLibrary("m")]),
    .systemLibrary(
      name: "COpenBLAS", path: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .target(name: "CFaults", path: "CFaults"),
    .target(name: "CPluginInterface", path: "CPluginInterface"),
    .target(
      name: "CoreTensor", dependencies: ["CKernels", "COpenBLAS", "CFaults"], path: "CoreTensor",
      swiftSettings: strict),
    .target(
      name: "NeuralNetworks", dependencies: ["CoreTensor"], path: "NeuralNetworks", swiftSettings: strict),
    .target(
      name: "Imaging", dependencies: ["CoreTensor", "CKernels"], path: "Imaging", swiftSettings: strict),
    .target(
      name: "Metrics", dependencies: ["CoreTensor", "COpenBLAS"], path: "Metrics", swiftSettings: strict),
    .target(
      name: "WorldModel",
      dependencies: ["CoreTensor", "NeuralNetworks", "Imaging", "Metrics", "CPluginInterface"],
      path: "WorldModel", swiftSettings: strict),
    .target(
      name: "PluginChecks", dependencies: ["CoreTensor", "NeuralNetworks", "Imaging", "WorldModel"],
      path: "PluginChecks",
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
