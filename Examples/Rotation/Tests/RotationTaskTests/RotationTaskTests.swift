import Imaging
import RotationTask
import PluginChecks
import Testing
import WorldModel

@Test(arguments: [true, false]) func keepsEveryPromise(latent: Bool) {
  #expect(
    checkTask(RotationTask.definition, options: ["latent": .boolean(latent)]).filter { !$0.isKept } == [])
}

/// A bright patch lies, after the turn, where the latent says.
@Test(arguments: [-170.0, -90, -20, 0, 13, 45, 90, 180]) func latentAgreesWithPixels(degrees: Double) {
  let (grid, patch) = (9, 8)
  var image = GrayImage(width: grid * patch, height: grid * patch)
  let place = GridPlace(row: 3, column: 6)
  for row in 3 * patch..<4 * patch { for column in 6 * patch..<7 * patch { image[row, column] = 1 } }
  let turn = Turn(degrees: degrees)
  let turned = turn.turned(image)
  var (mass, down, right) = (0.0, 0.0, 0.0)
  for row in 0..<turned.height {
    for column in 0..<turned.width {
      let value = Double(turned[row, column])
      mass += value
      down += value * Double(row)
      right += value * Double(column)
    }
  }
  let moved = TurnLatent().move(place, numbers: [Float(turn.cosine), Float(turn.sine)], gridSize: grid)
  #expect(abs(down / mass - ((moved.row + 0.5) * Double(patch) - 0.5)) < 0.5)
  #expect(abs(right / mass - ((moved.column + 0.5) * Double(patch) - 0.5)) < 0.5)
}

/// Positive turns clockwise: what was right of the middle goes down.
@Test func direction() {
  let moved = TurnLatent().move(GridPlace(row: 4, column: 8), numbers: [0, 1], gridSize: 9)
  #expect(abs(moved.row - 8) < 1e-6 && abs(moved.column - 4) < 1e-6)
}
