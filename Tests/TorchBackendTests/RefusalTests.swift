import CTorch
import Foundation
import Testing

@testable import TorchBackend
@testable import TorchBoundary

/// What is said where the library is missing or not as it must be; none of it needs libtorch.
@Suite struct RefusalTests {
  @Test func aMissingLibraryNamesTheRemedy() throws {
    let error = try #require(throws: TorchError.self) {
      try TorchLibrary.locate(environment: [:], ownFile: "/nowhere/.build/release/libTorchBackend.so")
    }
    for word in [
      "make torch", "CHEX_TORCH_LIBRARY", "/nowhere/.build/release/libCheXTorch.so",
      "/nowhere/.build/lib/libCheXTorch.so", "/nowhere/.build/torch/libCheXTorch.so",
    ] { #expect(error.description.contains(word)) }
  }

  @Test func theEnvironmentDecides() throws {
    let named = try TorchLibrary.locate(environment: ["CHEX_TORCH_LIBRARY": #filePath], ownFile: nil)
    #expect(named == #filePath)
    let error = try #require(throws: TorchError.self) {
      try TorchLibrary.locate(environment: ["CHEX_TORCH_LIBRARY": "/nowhere.so"], ownFile: #filePath)
    }
    #expect(error.description.contains("CHEX_TORCH_LIBRARY") && error.description.contains("/nowhere.so"))
  }

  @Test func theBuildFolderOfThePluginIsSearched() throws {
    let folder = NSTemporaryDirectory() + "torch-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let library = folder + "/.build/torch/libCheXTorch.so"
    for file in [library, folder + "/.build/triple/release/libTorchBackend.so"] {
      let place = (file as NSString).deletingLastPathComponent
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      try Data().write(to: URL(fileURLWithPath: file))
    }
    let found = try TorchLibrary.locate(
      environment: [:], ownFile: folder + "/.build/triple/release/libTorchBackend.so")
    #expect(found.hasSuffix("/.build/torch/libCheXTorch.so"))
  }

  @Test func whatIsNoSuchLibraryIsRefused() throws {
    let text = try #require(throws: TorchError.self) { try TorchLibrary(file: #filePath) }
    #expect(text.description.contains("cannot be loaded") && text.description.contains("make torch"))
    let other = try #require(throws: TorchError.self) { try TorchLibrary(file: "libm.so.6") }
    #expect(other.description.contains("libm.so.6") && other.description.contains("chex_torch_library"))
  }

  @Test func anotherBoundaryOrLibtorchIsRefused() throws {
    let boundary = try #require(throws: TorchError.self) {
      try TorchLibrary.check(abi: CHEX_TORCH_ABI + 1, file: "a.so")
    }
    #expect(boundary.description.contains("found \(CHEX_TORCH_ABI + 1)"))
    let version = try #require(throws: TorchError.self) {
      try TorchLibrary.check(compiled: "2.13.0", running: "2.15.0+cu132", file: "a.so")
    }
    #expect(version.description.contains("2.13.0") && version.description.contains("2.15.0+cu132"))
    try TorchLibrary.check(compiled: "2.13.0", running: "2.13.0+cpu", file: "a.so")
  }

  @Test func placesAreResolved() throws {
    let known = ["cpu", "cuda:0", "cuda:1"]
    #expect(try TorchDevice.resolve("", among: known) == "cuda:0")
    #expect(try TorchDevice.resolve("", among: ["cpu"]) == "cpu")
    #expect(try TorchDevice.resolve("cuda", among: known) == "cuda:0")
    #expect(try TorchDevice.resolve("cuda:1", among: known) == "cuda:1")
    let error = try #require(throws: TorchError.self) {
      try TorchDevice.resolve("cuda:0", among: ["cpu"])
    }
    #expect(error.description.contains("torch:cpu") && error.description.contains("driver"))
  }
}
