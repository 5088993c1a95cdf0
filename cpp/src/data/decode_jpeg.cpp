// libjpeg reports errors through a callback that must not return. Throwing through its C frames is
// not allowed, so it longjmps; the functions that setjmp hold no object with a destructor.

// jpeglib.h needs what stands before it.
// clang-format off
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include "data/decode.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr int kMaxScans =
    500;  // a progressive file of many tiny scans costs time out of all proportion

struct JpegJob {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape{};
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void on_error(j_common_ptr info) {
  auto* job = static_cast<JpegJob*>(info->client_data);
  info->err->format_message(info, job->message);
  std::longjmp(job->escape, 1);
}

/// libjpeg pads what is missing with grey and only warns; half an image is an error here. Harmless
/// warnings (stray bytes between markers, a wrong version number) stay silent.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  const int code = info->err->msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
      code == JWRN_MUST_RESYNC) {
    on_error(info);
  }
}

void on_progress(j_common_ptr info) {
  auto* job = static_cast<JpegJob*>(info->client_data);
  if (job->info.input_scan_number > kMaxScans) {
    std::snprintf(job->message, sizeof job->message, "more than %d scans", kMaxScans);
    std::longjmp(job->escape, 1);
  }
}

bool read_head(JpegJob* job, const unsigned char* data, std::size_t bytes) {
  job->info.err = jpeg_std_error(&job->errors);
  job->errors.error_exit = on_error;
  job->errors.emit_message = on_message;
  job->progress.progress_monitor = on_progress;
  job->info.client_data = job;
  if (setjmp(job->escape)) return false;
  jpeg_create_decompress(&job->info);
  job->info.client_data = job;
  job->info.progress = &job->progress;
  jpeg_mem_src(&job->info, data, static_cast<unsigned long>(bytes));
  jpeg_read_header(&job->info, TRUE);
  return true;
}

bool read_rows(JpegJob* job, unsigned char* pixels, std::size_t row_bytes) {
  if (setjmp(job->escape)) return false;
  jpeg_start_decompress(&job->info);
  while (job->info.output_scanline < job->info.output_height) {
    JSAMPROW row = pixels + job->info.output_scanline * row_bytes;
    jpeg_read_scanlines(&job->info, &row, 1);
  }
  jpeg_finish_decompress(&job->info);
  return true;
}

struct JpegCleanup {
  JpegJob& job;
  ~JpegCleanup() { jpeg_destroy_decompress(&job.info); }
};

}  // namespace

Image decode_jpeg(std::string_view bytes, const std::string& where) {
  JpegJob job;
  const JpegCleanup cleanup{job};
  const auto fail = [&]() {
    throw BadInput(where + ": damaged JPEG (" + job.message + "); replace or remove it");
  };
  if (!read_head(&job, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())) fail();
  check_image_size(job.info.image_height, job.info.image_width, where);
  if (job.info.num_components != 1 && job.info.num_components != 3) {
    throw BadInput(where + ": JPEG with " + std::to_string(job.info.num_components) +
                   " colour components; convert it to RGB or grey");
  }
  const bool grey = job.info.num_components == 1;
  job.info.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
  Image image{static_cast<int>(job.info.image_height),
              static_cast<int>(job.info.image_width),
              grey ? 1 : 3,
              {}};
  const auto row_bytes = static_cast<std::size_t>(image.width) * image.channels;
  image.pixels.resize(row_bytes * image.height);
  if (!read_rows(&job, image.pixels.data(), row_bytes)) fail();
  return image;
}

}  // namespace tinynas
