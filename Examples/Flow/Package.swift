// swift-tools-version: 6.2
import PackageDescription

let core: Target.Dependency = .product(name: "CoreTensor", package: "CoreTensor")
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "FlowTask",
  products: [.library(name: "FlowTask", type: .dynamic, targets: ["FlowTask"])],
  dependencies: [.package(path: "../../Sources/CoreTensor")],
  targets: [
    .target(name: "FlowTask", dependencies: [core], swiftSettings: strict),
    .testTarget(name: "FlowTaskTests", dependencies: ["FlowTask", core], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
