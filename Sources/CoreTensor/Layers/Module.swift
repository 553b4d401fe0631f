import CoreTensor

/// A part of a model that owns parameters.
public protocol Module: AnyObject {
  /// Shows every parameter and buffer, each by its name within this module, always in the same order.
  func visit(_ visitor: inout ParameterVisitor)
}
public struct ParameterVisitor {}
