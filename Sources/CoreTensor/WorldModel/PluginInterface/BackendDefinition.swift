import CoreTensor

/// Where tensors live and are computed with, as a plugin registers it: `kind = "backend"` in `plugins.toml`, chosen by
/// `--device NAME[:PLACE]`.
public struct BackendDefinition: Sendable {
  public let name: String
  public let summary: String
  public let options: [OptionDeclaration]
  /// Makes the backend of one device. Asked twice for the same place it must give backends of one `Device` object,
  /// since tensors of two devices do not mix.
  public let make: @Sendable (Options, BackendRequest) throws -> any Backend
  /// What `chex-runner doctor` says of it: what it needs, whether that is there, and which devices it sees.
  public let status: (@Sendable (Options) -> String)?

  /// - Parameters:
  ///   - name: what `--device` begins with.
  ///   - summary: one line.
  ///   - options: that the plugin takes.
  ///   - status: one line for `chex-runner doctor`; nil where there is nothing to say. It must return where what the
  ///     backend needs is missing, and then say how to get it.
  ///   - make: throws a sentence where there is no such place, or it cannot be used.
  public init(
    name: String, summary: String, options: [OptionDeclaration] = [],
    status: (@Sendable (Options) -> String)? = nil,
    make: @escaping @Sendable (Options, BackendRequest) throws -> any Backend
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.make = make
    self.status = status
  }
}

/// Which device of a plugin is asked for, and how it shall compute.
public struct BackendRequest: Sendable, Equatable {
  /// What follows the plugin's name in `--device NAME:PLACE`: `"0"`, `"cuda:1"`; empty where nothing does.
  public let place: String
  /// What products multiply; nil for what the device does best.
  public let precision: ElementType?

  public init(place: String = "", precision: ElementType? = nil) {
    (self.place, self.precision) = (place, precision)
  }

  /// `NAME` or `NAME:PLACE`, as `--device` takes it, in its two parts.
  public static func parts(of device: String) -> (plugin: String, place: String) {
    let plugin = device.prefix { $0 != ":" }
    return (String(plugin), String(device.dropFirst(plugin.count + 1)))
  }
}
