// swift-tools-version: 6.2
import PackageDescription

// A second device, as someone with a GPU would write one: a package of its own that depends on the core alone.
let core: Target.Dependency = .product(name: "CoreTensor", package: "CoreTensor")
let package = Package(
  name: "SealedBackend",
  products: [.library(name: "SealedBackend", type: .dynamic, targets: ["SealedBackend"])],
  dependencies: [.package(path: "../../../Sources/CoreTensor")],
  targets: [
    .target(
      name: "CSealed", cSettings: [.unsafeFlags(["-O3", "-fno-math-errno"])],
      linkerSettings: [.linkedLibrary("openblas"), .linkedLibrary("m")]),
    .target(
      name: "SealedBackend", dependencies: [core, "CSealed"], swiftSettings: [.treatAllWarnings(as: .error)]),
    .testTarget(name: "SealedBackendTests", dependencies: ["SealedBackend", core]),
  ],
  swiftLanguageModes: [.v6]
)
