/// Keys of files that earlier versions wrote, under the names that they have now.
package enum FormerKeys {
  /// The key's name now; the key itself where it has none of before.
  package static func current(_ key: String) -> String { renamed[key] ?? key }

  private static let renamed = [
    "filmsPerSecond": "imagesPerSecond", "films_per_second": "images_per_second",
    "films_per_shard": "images_per_shard", "momentum": "ema_decay", "health": "diagnostics",
    "films": "radiographs", "film_list": "radiograph_list", "source_films": "source_radiographs",
    "trainFilms": "trainRadiographs", "testFilms": "testRadiographs",
  ]
}
