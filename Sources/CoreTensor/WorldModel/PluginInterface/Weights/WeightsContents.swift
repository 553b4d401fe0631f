/// A tensor of a file of weights, not yet read.
public struct WeightsTensor: Sendable {
  /// Keys that lead to it from the file's root: `["model", "encoder.norm.weight"]`.
  public let path: [String]
  /// As safetensors call it: `F32`.
  public let type: String
  public let shape: [Int]
  /// Bytes that its numbers take.
  public let byteCount: Int
  /// Its place among the file's tensors.
  public let index: Int

  public init(path: [String], type: String, shape: [Int], byteCount: Int, index: Int) {
    (self.path, self.type, self.shape) = (path, type, shape)
    (self.byteCount, self.index) = (byteCount, index)
  }

  /// The keys, dotted.
  public var name: String { path.joined(separator: ".") }
}

/// What a file says besides tensors.
public struct WeightsRemark: Sendable, Codable, Equatable {
  /// Dotted keys.
  public let name: String
  public let text: String

  public init(name: String, text: String) { (self.name, self.text) = (name, text) }
}

/// A file of weights, opened by the program: PyTorch's zip or safetensors.
public protocol WeightsContents: AnyObject {
  /// As the user named it.
  var path: String { get }
  /// Bytes of the file.
  var size: Int { get }
  /// In the file's order.
  var tensors: [WeightsTensor] { get }
  /// Arguments, epochs and the like that the file holds.
  var remarks: [WeightsRemark] { get }
  /// The numbers of `config.json` beside the file, by dotted names; empty where there is none.
  var configuration: [WeightsRemark] { get }
  /// A tensor's numbers as float32, in row-major order.
  /// - Throws: `WeightsFileError` where it holds none, or one that is not finite.
  func floats(of tensor: WeightsTensor) throws -> [Float]
}

/// A file of weights that is refused: which, where in it, and why, with the remedy.
public struct WeightsFileError: Error, Equatable, CustomStringConvertible {
  public let file: String
  /// An entry or a byte of the file; nil for the whole.
  public let place: String?
  public let problem: String

  public init(_ file: String, _ place: String? = nil, _ problem: String) {
    self.file = file
    self.place = place
    self.problem = problem
  }

  public var description: String { file + (place.map { ", \($0)" } ?? "") + ": " + problem }
}
