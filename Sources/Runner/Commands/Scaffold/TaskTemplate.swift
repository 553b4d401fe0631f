enum TaskTemplate {
  static let source = #"""
    import CoreTensor
    import Imaging
    import NeuralNetworks
    import WorldModel

    @c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
      pluginInformation(name: "{name}", version: "0.1.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
        $0.register({module}.definition)
      }
    }

    /// Predict a crop from one in which a square was made black, told where the square lies.
    public struct {module}: WorldTask {
      public static let definition = TaskDefinition(
        name: "{name}", summary: "predict a crop from one without a square, told where the square lies",
        options: [
          OptionDeclaration(
            "side", .interval(default: 0.2...0.4, in: 0.05...0.9),
            help: "of the square in sides of the crop, uniform")
        ],
        make: { options, environment in
          {module}(side: options.interval("side"), tokenWidth: environment.predictorWidth)
        })

      public let name = "{name}"
      public let requiredViews = 1
      let side: ClosedRange<Double>
      let tokenWidth: Int

      public func makeLatents(random: inout RandomStream) -> [any Latent] {
        var initializer = Initializer(random: random)
        return [SquareLatent(tokenWidth: tokenWidth, initializer: &initializer)]
      }

      /// Nothing is drawn for a whole batch; each sample draws for itself.
      public func plan(batch: BatchScope) -> any TaskPlan { Plan(side: side) }

      private struct Plan: TaskPlan {
        let side: ClosedRange<Double>

        func draw(sample: SampleScope) -> any TaskDraw {
          var random = sample.batch.random("{name}", sample: sample.index)
          return Draw(
            squares: sample.views.map { _ in
              let side = random.uniform(in: side)
              let (row, column) = (random.uniform(in: 0...1 - side), random.uniform(in: 0...1 - side))
              return Square(row: row, column: column, side: side)
            })
        }
      }

      private struct Draw: TaskDraw {
        /// One for each view.
        let squares: [Square]

        func editPixels(of context: inout any Context) {
          var image = context.pixels
          squares[context.view].blacken(&image)
          context.pixels = image
        }

        /// Each view from itself; where another task asks for that too, its patches are taken and
        /// this latent joins.
        func supervisions(views: [Frame]) -> [Supervision] {
          views.indices.map { Supervision(context: $0, target: $0, patches: .all, isFallback: true) }
        }

        func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
          [LatentValue(latent: "{name}", numbers: squares[context].numbers)]
        }

        var record: [String: [Double]] {
          ["squares": squares.flatMap { [$0.row, $0.column, $0.side] }]
        }
      }
    }

    /// Place and side in sides of the crop.
    struct Square {
      let row: Double
      let column: Double
      let side: Double

      var numbers: [Float] { [Float(row), Float(column), Float(side)] }

      func blacken(_ image: inout GrayImage) {
        func pixels(_ start: Double, _ size: Int) -> Range<Int> {
          let first = Int(start * Double(size))
          return first..<min(size, first + Int(side * Double(size)) + 1)
        }
        for row in pixels(row, image.height) {
          for column in pixels(column, image.width) { image[row, column] = 0 }
        }
      }
    }

    /// Adds a learned projection of the square's place and side to every mask token.
    ///
    /// Parameters: `predictor.{name}.place.weight` (dp, 3), `predictor.{name}.place.bias` (dp).
    final class SquareLatent: Latent {
      let name = "{name}"
      let width = 3
      private let place: Linear

      init(tokenWidth: Int, initializer: inout Initializer) {
        place = Linear(width, tokenWidth, initializer: &initializer)
      }

      func condition(_ tokens: Tensor, numbers: Tensor) -> Tensor {
        tokens + place(repeatRows(numbers, tokens.shape[1]))
      }

      func visit(_ visitor: inout ParameterVisitor) { visitor.module(place, "place") }
    }

    """#

  static let tests = #"""
    {imports}

    @Test func keepsEveryPromise() {
      #expect(checkTask({module}.definition).filter { !$0.isKept } == [])
    }

    @Test func wideSquares() {
      let side = OptionValue.list([.number(0.8), .number(0.9)])
      #expect(checkTask({module}.definition, options: ["side": side]).filter { !$0.isKept } == [])
    }

    """#

  static let readme = #"""
    # {name}

    A task for CheX World: predict a crop from one in which a square was made black, told where the square lies.

    ```sh
    swift test -c release                  # holds the task to every promise of the protocols; the first time builds the core too
    chex-runner plugins check .            # the same, together with every subset of the other tasks
    ```

    In the folder of the `plugins.toml` that lists it, or with `--plugins FILE`:

    ```sh
    chex-runner --preset quick --tasks {beside} --dry-run   # what a batch looks like: dry-run.png
    chex-runner --preset quick --tasks {beside} --out runs/{name}
    ```

    `Sources/{module}/{module}.swift` is all there is. `editPixels` changes what the context shows, `supervisions` says
    what is predicted from what, `latents` what the predictor is told, and the latent how it is told. An option is
    declared once and then set in `plugins.toml` or with `--set {name}.side=[0.3,0.5]`.

    The table in `plugins.toml` has `enabled = false`: the task runs where `--tasks` names it.

    """#
}
