// As much of Arduino's core as an exported sketch uses, so that it compiles without an IDE.
#pragma once
#include <stddef.h>
#include <stdint.h>

unsigned long micros();

struct HardwareSerial {
  void begin(unsigned long baud);
  void setTimeout(unsigned long milliseconds);
  int available();
  size_t readBytes(char* to, size_t bytes);
  size_t println(const char* text);
  size_t println(int number);
  size_t println(unsigned long number);
};
extern HardwareSerial Serial;
