// swift-tools-version: 6.2
import PackageDescription

let core: Target.Dependency = .product(name: "CoreTensor", package: "CoreTensor")
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "ScaleTask",
  products: [.library(name: "ScaleTask", type: .dynamic, targets: ["ScaleTask"])],
  dependencies: [.package(path: "../../Sources/CoreTensor")],
  targets: [
    .target(name: "ScaleTask", dependencies: [core], swiftSettings: strict),
    .testTarget(name: "ScaleTaskTests", dependencies: ["ScaleTask", core], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
