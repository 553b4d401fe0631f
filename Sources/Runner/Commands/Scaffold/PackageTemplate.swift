enum PackageTemplate {
  static let manifest = #"""
    // swift-tools-version: 6.2
    import PackageDescription

    // The one dependency is the core that chex-runner runs on; the library holds none of it.
    let core: Target.Dependency = .product(name: "CoreTensor", package: "CoreTensor")

    let package = Package(
      name: "{module}",
      products: [.library(name: "{module}", type: .dynamic, targets: ["{module}"])],
      dependencies: [.package(path: "{core}")],
      targets: [
        .target(name: "{module}", dependencies: [core]),
        .testTarget(name: "{module}Tests", dependencies: ["{module}", core]),
      ],
      swiftLanguageModes: [.v6]
    )

    """#
}
