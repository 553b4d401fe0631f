/// A checkpoint's tensors under the names of this project's models.
public struct WeightsNames {
  /// What becomes of a tensor.
  public enum Place: Sendable, Equatable {
    /// It is this parameter of the model.
    case parameter(String)
    /// Its rows are so many of this parameter's, after those of all parts of lower numbers.
    case part(of: String, number: Int)
    /// No model here can have it, and leaving it out is right for the reason given.
    case dropped(String)
    /// It is no part of a model (an optimiser's moment, say).
    case beside
  }

  /// A tensor that is left out.
  public struct Dropped: Sendable, Codable, Equatable {
    public let name: String
    public let reason: String
  }

  /// What each parameter is made of: one tensor, or several whose rows follow one another.
  public private(set) var tensors: [String: [WeightsTensor]] = [:]
  public private(set) var dropped: [Dropped] = []
  /// A predictor's tensors that the user does without.
  public private(set) var leftOut: [String] = []
  /// Groups of tensors that are no model: their first key, and how many they are.
  public private(set) var beside: [String: Int] = [:]

  /// - Parameters:
  ///   - file: whose tensors are placed.
  ///   - place: what becomes of each.
  /// - Throws: `WeightsFileError` where two tensors are one parameter, or parts of one are not counted from 0.
  public init(_ file: any WeightsContents, place: (WeightsTensor) throws -> Place) throws {
    var parts: [String: [Int: WeightsTensor]] = [:]
    for tensor in file.tensors {
      switch try place(tensor) {
      case .parameter(let name):
        if let other = tensors.updateValue([tensor], forKey: name)?.first {
          throw Self.twice(name, other, tensor, file)
        }
      case .part(let name, let number):
        if let other = parts[name, default: [:]].updateValue(tensor, forKey: number) {
          throw Self.twice("part \(number) of \(name)", other, tensor, file)
        }
      case .dropped(let reason): dropped.append(Dropped(name: tensor.name, reason: reason))
      case .beside: beside[tensor.path.first ?? "", default: 0] += 1
      }
    }
    for (name, own) in parts.sorted(by: { $0.key < $1.key }) {
      let ordered = own.sorted { $0.key < $1.key }
      if let other = tensors[name]?.first { throw Self.twice(name, other, ordered[0].value, file) }
      guard ordered.map(\.key) == Array(0..<own.count) else {
        throw WeightsFileError(
          file.path, name, "expected parts counted from 0 without a gap, found \(ordered.map(\.key))")
      }
      tensors[name] = ordered.map(\.value)
    }
  }

  private static func twice(
    _ name: String, _ a: WeightsTensor, _ b: WeightsTensor, _ file: any WeightsContents
  ) -> WeightsFileError {
    WeightsFileError(file.path, nil, "holds two tensors for \(name): \(a.name) and \(b.name)")
  }

  /// The same without parameters that the user does without.
  public func leavingOut(_ names: [String]) -> WeightsNames {
    var others = self
    for name in names where others.tensors.removeValue(forKey: name) != nil { others.leftOut.append(name) }
    return others
  }

  /// Whether there is something of `encoder`, `target_encoder` or `predictor`.
  public func has(_ part: String) -> Bool { tensors.keys.contains { $0.hasPrefix(part + ".") } }

  /// The encoder whose sizes are read: `target_encoder` where there is no other.
  public var encoderPart: String { has("encoder") ? "encoder" : "target_encoder" }

  /// The shape of a parameter as the file has it; nil where it has none, or parts of which only the rows may differ
  /// differ in more.
  public func shape(of parameter: String) -> [Int]? {
    guard let parts = tensors[parameter], let first = parts.first else { return nil }
    guard parts.count > 1 else { return first.shape }
    guard !first.shape.isEmpty, parts.allSatisfy({ $0.shape.dropFirst() == first.shape.dropFirst() }) else {
      return nil
    }
    return [parts.reduce(0) { $0 + $1.shape[0] }] + first.shape.dropFirst()
  }

  /// A parameter's numbers as the file has them, its parts one after another.
  /// - Throws: `WeightsFileError`.
  public func floats(of parameter: String, in file: any WeightsContents) throws -> [Float] {
    guard let parts = tensors[parameter] else {
      throw WeightsFileError(file.path, parameter, "expected this tensor, found none")
    }
    return parts.count == 1
      ? try file.floats(of: parts[0]) : try parts.flatMap { try file.floats(of: $0) }
  }
}
