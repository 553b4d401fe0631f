import Foundation
import Runs

/// A checkpoint on disk: a folder of files and a manifest that says how each must read.
public struct Checkpoint: Sendable, Equatable {
  /// Names of the files that every checkpoint of a run has.
  public static let model = "model.safetensors"
  public static let optimizer = "optimizer.safetensors"
  public static let state = "state.json"
  public static let manifest = "manifest.json"

  /// Optimiser steps that had been done.
  public let step: Int
  /// The checkpoint's folder.
  public let path: String

  /// Path of one of its files.
  public func path(of name: String) -> String { path + "/" + name }

  /// `step-000123`; longer numbers take the digits that they need.
  static func folderName(step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  /// The step that a folder's name tells, or nil where the name is not a checkpoint's.
  package static func step(ofFolder name: String) -> Int? {
    guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), step >= 0,
      folderName(step: step) == name
    else { return nil }
    return step
  }

  /// Reads every file and compares it with the manifest.
  /// - Throws: `StorageError` that names the first file that differs.
  public func verify() throws {
    let manifest = try CheckpointManifest(path: path(of: Self.manifest), step: step)
    for file in manifest.files {
      let found = try DurableFile.seal(of: path(of: file.name))
      guard found.bytes == file.bytes else {
        throw StorageError.damaged(
          file: path(of: file.name), expected: "\(file.bytes) bytes", found: "\(found.bytes)")
      }
      guard found.crc32 == file.crc32 else {
        throw StorageError.damaged(
          file: path(of: file.name), expected: "checksum \(file.crc32)", found: found.crc32)
      }
    }
  }
}

/// `manifest.json`: the last file written of a checkpoint.
struct CheckpointManifest: Codable {
  static let formatName = "chex-world-checkpoint"
  struct File: Codable {
    let name: String
    let bytes: Int
    let crc32: String
  }
  let format: String
  let version: Int
  let step: Int
  let files: [File]

  init(step: Int, files: [File]) {
    format = Self.formatName
    version = 1
    self.step = step
    self.files = files
  }

  /// - Throws: where the file is missing, is no manifest, or is another step's.
  init(path: String, step: Int) throws {
    let data = try DurableFile.read(path, limit: 1 << 20)
    do { self = try JsonText.decoded(Self.self, from: data) } catch {
      throw StorageError.damaged(file: path, expected: "a checkpoint's manifest", found: "other contents")
    }
    guard format == Self.formatName, version == 1 else {
      throw StorageError.damaged(
        file: path, expected: "\(Self.formatName) version 1", found: "\(format) version \(version)")
    }
    guard self.step == step else {
      throw StorageError.damaged(file: path, expected: "step \(step)", found: "step \(self.step)")
    }
    guard !files.isEmpty,
      files.allSatisfy({ !$0.name.isEmpty && !$0.name.hasPrefix(".") && !$0.name.contains("/") })
    else {
      throw StorageError.damaged(
        file: path, expected: "names of files in this folder", found: "\(files.map(\.name))")
    }
  }

  func text() throws -> String {
    try JsonText.encoded(self)
  }
}
