import CPixbuf

/// Reads picture files (PNG, JPEG, PGM and whatever else the installed gdk-pixbuf decodes).
///
/// The only importer of gdk-pixbuf.
package enum ImageFile {
  /// Larger pictures, in pixels, are refused before they are decoded: a small file can claim any size.
  package static let pixelLimit = 100_000_000

  /// Decodes a file, turned upright as its orientation mark says; transparent parts show white.
  package static func read(_ path: String) throws(FileError) -> DecodedImage {
    guard FileBytes.exists(path) else {
      throw FileError(.missing, path: path, problem: "there is no such file")
    }
    guard !FileBytes.isFolder(path) else {
      throw FileError(.malformed, path: path, problem: "is a folder, not a picture")
    }
    var width: CInt = 0
    var height: CInt = 0
    guard gdk_pixbuf_get_file_info(path, &width, &height) != nil else {
      throw FileError(
        .unsupported, path: path, problem: "is not a picture that can be decoded",
        help: "PNG, JPEG and PGM files can be read")
    }
    let (pixels, overflow) = Int(width).multipliedReportingOverflow(by: Int(height))
    guard width > 0, height > 0, !overflow, pixels <= pixelLimit else {
      throw FileError(
        .unsupported, path: path,
        problem: "is a picture of \(width) x \(height) pixels, more than the \(pixelLimit) that are decoded",
        help: "scale it down first")
    }
    var problem: UnsafeMutablePointer<GError>?
    guard let loaded = gdk_pixbuf_new_from_file(path, &problem) else {
      let reason = problem.map { String(cString: $0.pointee.message) } ?? "the decoder gives no reason"
      if let problem { g_error_free(problem) }
      throw FileError(.malformed, path: path, problem: "cannot be decoded: \(reason)")
    }
    defer { g_object_unref(UnsafeMutableRawPointer(loaded)) }
    guard let upright = gdk_pixbuf_apply_embedded_orientation(loaded) else {
      throw FileError(.malformed, path: path, problem: "cannot be turned upright: not enough memory")
    }
    defer { g_object_unref(UnsafeMutableRawPointer(upright)) }
    return try copy(upright, path: path)
  }

  /// The pixels of a decoded picture, over white.
  private static func copy(_ picture: OpaquePointer, path: String) throws(FileError) -> DecodedImage {
    let width = Int(gdk_pixbuf_get_width(picture))
    let height = Int(gdk_pixbuf_get_height(picture))
    let channels = Int(gdk_pixbuf_get_n_channels(picture))
    let rowBytes = Int(gdk_pixbuf_get_rowstride(picture))
    guard gdk_pixbuf_get_bits_per_sample(picture) == 8, channels == 3 || channels == 4,
      let source = gdk_pixbuf_read_pixels(picture)
    else {
      throw FileError(
        .unsupported, path: path, problem: "has \(channels) channels of an unusual kind",
        help: "8-bit grey and colour pictures can be read")
    }
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
      for row in 0..<height {
        for column in 0..<width {
          let from = row * rowBytes + column * channels
          let alpha = channels == 4 ? Int(source[from + 3]) : 255
          for channel in 0..<3 {
            let value = Int(source[from + channel]) * alpha + 255 * (255 - alpha)
            buffer[count] = UInt8((value + 127) / 255)
            count += 1
          }
        }
      }
    }
    return DecodedImage(height: height, width: width, pixels: pixels)
  }
}
