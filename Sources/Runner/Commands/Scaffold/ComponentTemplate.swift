/// What a component of a user's own begins as: an optimiser that steps by the sign of a moving average of gradients.
enum ComponentTemplate {
  static let source = #"""
    import CoreTensor
    import NeuralNetworks
    import WorldModel

    @c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
      pluginInformation(name: "{name}", version: "0.1.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
        $0.register({module}.definition)
      }
    }

    /// Steps by the sign of a moving average of gradients: put your optimiser in its place. An encoder, a predictor or
    /// a schedule is registered likewise, as another case of `ComponentDefinition`.
    public final class {module}: Optimizer {
      public static let definition = ComponentDefinition.optimizer(
        .init(
          name: "{name}", summary: "steps by the sign of a moving average of gradients",
          options: [
            OptionDeclaration(
              "decay", .number(default: 0.9, in: 0...0.9999),
              help: "The share that the average of gradients keeps of itself.")
          ],
          make: { {module}($0, $1) }))

      public let parameters: [Parameter]
      public let clipNorm: Double
      public var updates = 0
      private let gradientAverages: [Tensor]
      private let averages: [(parameter: Parameter, average: Parameter)]
      private let decay: Float
      private let weightDecay: Float

      init(_ options: Options, _ request: OptimizerRequest) {
        (parameters, clipNorm) = (request.parameters, request.clipNorm)
        gradientAverages = parameters.map { .zeros($0.shape, on: $0.tensor.device) }
        averages = parameters.compactMap { parameter in
          request.averages[ObjectIdentifier(parameter)].map { (parameter, $0) }
        }
        decay = Float(options.number("decay"))
        weightDecay = Float(request.weightDecay)
      }

      public var state: [(name: String, tensor: Tensor)] {
        zip(parameters, gradientAverages).map { ("average." + $0.name, $1) }
      }

      public func update(learningRate: Double, scale: GradientScale, emaDecay: Double) {
        withoutGradients {
          let rate = Float(learningRate)
          for (parameter, average) in zip(parameters, gradientAverages) {
            guard let gradient = parameter.gradient else { continue }
            average.replace(
              by: average * decay + gradient * scale.factor * (1 - decay), where: scale.isFinite)
            let direction = average / (abs(average) + 1e-12)
            let shrunk = parameter.tensor * (parameter.shape.count > 1 ? 1 - rate * weightDecay : 1)
            parameter.tensor.replace(by: shrunk - direction * rate, where: scale.isFinite)
          }
        }
        follow(averages, emaDecay: emaDecay, scale: scale)
      }
    }

    """#

  static let tests = #"""
    {imports}

    @Test func keepsEveryPromise() {
      #expect(checkComponent({module}.definition).filter { !$0.isKept } == [])
    }

    """#

  static let readme = #"""
    # {name}

    A component for CheX World: an optimiser, until you put yours in its place.

    ```sh
    swift test -c release                  # holds it to every promise of the protocol; the first time builds the core too
    chex-runner plugins check .                                   # the same
    ```

    In the folder of the `plugins.toml` that lists it, or with `--plugins FILE`:

    ```sh
    chex-runner --preset quick --set training.optimizer={name}    # a run with it
    ```

    `Sources/{module}/{module}.swift` is all there is. Everything stays on the device: the factor on gradients and the
    verdict whether the step is finite are tensors of the scale that it is given. An encoder, a predictor or a schedule is
    another case of `ComponentDefinition`; a run names them in `model.encoder`, `model.predictor` and
    `training.schedule`.

    """#
}
