// swift-tools-version: 6.2
import PackageDescription

let core: Target.Dependency = .product(name: "CoreTensor", package: "CoreTensor")
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "MAETask",
  products: [.library(name: "MAETask", type: .dynamic, targets: ["MAETask"])],
  dependencies: [.package(path: "../../Sources/CoreTensor")],
  targets: [
    .target(name: "MAETask", dependencies: [core], swiftSettings: strict),
    .testTarget(name: "MAETaskTests", dependencies: ["MAETask", core], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
