extension RadiographCollection {
  /// Every collection that is known, in the order of help texts. To add one, write it in a file of this folder and name
  /// it here; nothing else lists collections.
  public static let all: [RadiographCollection] = [
    .nih, .chexpert, .mimic, .vindr, .shenzhen, .montgomery, .rsna, .siim, .medfmc, .jsrt,
  ]
}
