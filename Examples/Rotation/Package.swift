// swift-tools-version: 6.2
import PackageDescription

let core: Target.Dependency = .product(name: "CoreTensor", package: "CoreTensor")
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "RotationTask",
  products: [.library(name: "RotationTask", type: .dynamic, targets: ["RotationTask"])],
  dependencies: [.package(path: "../../Sources/CoreTensor")],
  targets: [
    .target(name: "RotationTask", dependencies: [core], swiftSettings: strict),
    .testTarget(name: "RotationTaskTests", dependencies: ["RotationTask", core], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
