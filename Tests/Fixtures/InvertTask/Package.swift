// swift-tools-version: 6.2
import PackageDescription

// A task as someone outside the project would write it: a package of its own that depends on the core alone.
let package = Package(
  name: "InvertTask",
  products: [.library(name: "InvertTask", type: .dynamic, targets: ["InvertTask"])],
  dependencies: [.package(path: "../../../Sources/CoreTensor")],
  targets: [
    .target(
      name: "InvertTask", dependencies: [.product(name: "CoreTensor", package: "CoreTensor")],
      swiftSettings: [.treatAllWarnings(as: .error)]),
    .testTarget(
      name: "InvertTaskTests",
      dependencies: ["InvertTask", .product(name: "CoreTensor", package: "CoreTensor")]),
  ],
  swiftLanguageModes: [.v6]
)
