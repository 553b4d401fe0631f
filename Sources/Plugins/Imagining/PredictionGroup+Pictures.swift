import Imaging
import WorldModel

extension PredictionGroup {
  /// What stands for a patch that a context does not show.
  package static let hiddenGrey: Float = 0.5

  /// The context of a supervision as the model sees it: patches that do not enter the encoder are grey.
  package func seen(_ supervision: WorldBatch.SupervisedPatches, of sample: Int) -> GrayImage {
    var image = samples[sample].contexts[supervision.context].pixels
    let visible = Set(visible(supervision, of: sample))
    for patch in 0..<geometry.patchCount where !visible.contains(patch) {
      forEachPixel(of: patch) { image[$0, $1] = Self.hiddenGrey }
    }
    return image
  }

  /// First row and column of a patch in pixels of its view.
  package func corner(_ patch: Int) -> (row: Int, column: Int) {
    let (side, size) = (geometry.gridSize, geometry.patchSize)
    return (patch / side * size, patch % side * size)
  }

  /// Calls `body` with the row and column of each pixel of a patch, in raster order.
  package func forEachPixel(of patch: Int, _ body: (Int, Int) -> Void) {
    let (row, column) = corner(patch)
    for down in 0..<geometry.patchSize {
      for right in 0..<geometry.patchSize { body(row + down, column + right) }
    }
  }
}
