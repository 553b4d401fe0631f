import WorldModel

extension RadiographCollection {
  /// The pneumothorax challenge of the SIIM and the ACR. Rows of one image are parts of one mask; of a radiograph
  /// without pneumothorax the mask is known to be empty. Patient and view are in the headers of its DICOM files.
  static let siim = RadiographCollection(
    name: "siim", title: "SIIM-ACR Pneumothorax Segmentation",
    layout: "train-rle.csv (or stage_2_train.csv) and radiographs IMAGE_ID.dcm, .png or .jpg",
    obeys: [], marks: [.table("train-rle.csv"), .table("stage_2_train.csv", header: "EncodedPixels")],
    read: { request in try SiimReader.read(request) })
}

private enum SiimReader {
  private static let finding = "Pneumothorax"

  private struct Image {
    var masks: [RunLengths]
    let isEmpty: Bool
    let place: TablePlace
  }

  static func read(_ request: CollectionFolder.Request) throws -> CollectionSource {
    let folder = try CollectionFolder(path: request.folder, decoder: request.decoder)
    guard let path = folder.table("train-rle.csv", "stage_2_train.csv") else {
      throw request.lacks("train-rle.csv", in: folder)
    }
    let (order, images) = try images(path)
    var listing = CollectionListing(name: request.collection.name, folder: folder, findings: [finding])
    for name in order {
      let image = images[name]!
      try listing.add(
        ListedRadiograph(
          record: RadiographRecord(identifier: name, findings: image.isEmpty ? [] : [finding]),
          place: image.place,
          truth: KnownTruth(runLengths: [finding: image.masks])))
    }
    return try listing.source(opensHeaders: true)
  }

  private static func images(_ path: String) throws -> (order: [String], images: [String: Image]) {
    var table = try NamedTable(path: path)
    let (name, pixels) = (try table.column("ImageId"), try table.column("EncodedPixels"))
    var (order, images): ([String], [String: Image]) = ([], [:])
    while let row = try table.next() {
      let (identifier, text) = (try row.needed(name), try row.needed(pixels))
      let mask: RunLengths
      do { mask = try RunLengths(text) } catch { throw row.refuse(error.text) }
      guard var image = images[identifier] else {
        order.append(identifier)
        images[identifier] = Image(masks: [mask], isEmpty: text == "-1", place: row.place)
        continue
      }
      guard image.isEmpty == (text == "-1") else {
        throw row.refuse("one row says -1, no mask, and another has one; the first is \(image.place.words)")
      }
      if !image.masks.contains(mask) { image.masks.append(mask) }
      images[identifier] = image
    }
    return (order, images)
  }
}
