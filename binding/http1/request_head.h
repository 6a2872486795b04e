// RequestHead: the request line and header fields of an HTTP request. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tensorgate {

struct RequestHead {
  const char* method = "";  // as llhttp spells it
  std::string target;       // in origin form: path and query
  // "name:value\n" for each field in order, names in lower case, values without white space around.
  std::string fields;
  uint8_t minor_version = 1;
  bool is_head = false;
  bool keep_alive = false;        // as version and Connection have it
  bool names_keep_alive = false;  // by name
  bool expects_continue = false;
  bool is_chunked = false;
  uint64_t content_length = 0;  // of a body that is not chunked

  bool has_body() const { return is_chunked || content_length > 0; }

  // The value of the first field of that name, which is in lower case; empty where there is none.
  std::string_view Field(std::string_view name) const;

  // Calls with the name and the value of each field, until that says true.
  template <typename Visitor>
  void VisitFields(Visitor visit) const {
    std::string_view rest = fields;
    while (!rest.empty()) {
      const size_t colon = rest.find(':');
      const size_t end = rest.find('\n', colon);
      if (visit(rest.substr(0, colon), rest.substr(colon + 1, end - colon - 1))) return;
      rest.remove_prefix(end + 1);
    }
  }

  // Keeps some memory.
  void Clear();
};

// Whether a comma-separated list has that token, in any letter case.
bool ListHas(std::string_view list, std::string_view token);
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

}  // namespace tensorgate
