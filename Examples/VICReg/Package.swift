// swift-tools-version: 6.2
import PackageDescription

let core: Target.Dependency = .product(name: "CoreTensor", package: "CoreTensor")
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "VICRegTask",
  products: [.library(name: "VICRegTask", type: .dynamic, targets: ["VICRegTask"])],
  dependencies: [.package(path: "../../Sources/CoreTensor")],
  targets: [
    .target(name: "VICRegTask", dependencies: [core], swiftSettings: strict),
    .testTarget(name: "VICRegTaskTests", dependencies: ["VICRegTask", core], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
