// swift-tools-version: 6.2
import PackageDescription

// A program of one's own that trains and evaluates: it imports the runner's modules, and links the plugins that it
// uses.
let plugins = ["LocalTask", "DomainTask", "PhantomData", "ProbeEvaluation"]

let package = Package(
  name: "FromCode",
  dependencies: [.package(name: "CheXWorld", path: "../..")],
  targets: [
    .executableTarget(
      name: "FromCode",
      dependencies: (["CheXWorldRunner"] + plugins).map { .product(name: $0, package: "CheXWorld") },
      swiftSettings: [.treatAllWarnings(as: .error)])
  ],
  swiftLanguageModes: [.v6]
)
