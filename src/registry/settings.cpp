#include "registry/settings.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <limits>
#include <utility>

#include "base/base64.hpp"
#include "base/text.hpp"

namespace sidecar::registry {
namespace {

constexpr std::string_view prefix = "schema.registry.";
constexpr std::size_t urls_max = 16;
/// Stands for "never too old"; about 68 years, so that sums with a clock do not overflow.
constexpr std::chrono::seconds ageless{std::numeric_limits<std::int32_t>::max()};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

using UrlHandle = std::unique_ptr<CURLU, security::FreeWith<curl_url_cleanup>>;

/// Nothing when the URL has no such part.
std::optional<std::string> part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string owned(text);
  curl_free(text);
  return owned;
}

struct ReadUrl {
  std::string text;
  std::string user_info;  ///< `user:password`; empty: none.
};

/// Error: what is wrong with it, to stand behind "entry N".
std::expected<ReadUrl, std::string> read_url(std::string_view text) {
  const UrlHandle url(curl_url());
  if (!url) throw std::bad_alloc{};
  if (const auto code = curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0); code != CURLUE_OK)
    return std::unexpected("is no http or https URL");
  const auto scheme = part_of(url.get(), CURLUPART_SCHEME).value_or("");
  if (scheme != "http" && scheme != "https") return std::unexpected("is no http or https URL");
  if (part_of(url.get(), CURLUPART_QUERY) || part_of(url.get(), CURLUPART_FRAGMENT))
    return std::unexpected("must not hold a query or a fragment");
  ReadUrl read;
  const auto user = part_of(url.get(), CURLUPART_USER, CURLU_URLDECODE);
  const auto password = part_of(url.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
  if (user || password) read.user_info = user.value_or("") + ":" + password.value_or("");
  curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_PASSWORD, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_OPTIONS, nullptr, 0);
  read.text = part_of(url.get(), CURLUPART_URL).value_or("");
  while (read.text.ends_with('/')) read.text.pop_back();
  return read;
}

Secret basic(std::string_view user_info) {
  std::string header = "Basic ";
  append_base64(header, user_info);
  return Secret(std::move(header));
}

class Reader {
 public:
  Reader(const Properties& given, const std::function<std::string(std::string_view)>& find_file)
      : given_(given), find_file_(find_file) {}

  std::expected<RegistrySettings, std::vector<PropertyProblem>> read() {
    read_urls();
    read_flags();
    read_figures();
    read_strategies();
    read_authorization();
    read_tls();
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    return std::move(settings_);
  }

 private:
  struct Found {
    std::string key;
    std::string_view text;
  };

  void problem(std::string key, std::string text) { problems_.push_back({std::move(key), std::move(text)}); }

  /// Without blanks around it, maybe empty; nothing when it is left out.
  std::optional<std::string_view> text_at(const std::string& key) const {
    const auto at = given_.find(key);
    if (at == given_.end()) return std::nullopt;
    const auto& value = at->second;
    return value ? std::optional(trimmed(*value)) : std::nullopt;
  }
  std::optional<Found> find_exact(std::string key) const {
    const auto text = text_at(key);
    if (!text || text->empty()) return std::nullopt;
    return Found{std::move(key), *text};
  }
  /// With the prefix, else without it.
  std::optional<Found> find(std::string_view name) const {
    if (auto found = find_exact(std::string(prefix) + std::string(name))) return found;
    return find_exact(std::string(name));
  }

  void flag(const std::optional<Found>& found, bool& out) {
    if (!found) return;
    const bool is_true = equal_any_case(found->text, "true");
    if (!is_true && !equal_any_case(found->text, "false")) return problem(found->key, "must be true or false");
    out = is_true;
  }
  std::optional<std::int64_t> figure(const std::optional<Found>& found, std::int64_t min, std::int64_t max) {
    if (!found) return std::nullopt;
    std::int64_t value = 0;
    const auto text = found->text;
    const auto [stopped, error] = std::from_chars(text.begin(), text.end(), value);
    if (error == std::errc{} && stopped == text.end() && value >= min && value <= max) return value;
    problem(found->key, "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return std::nullopt;
  }

  void read_urls();
  void read_flags();
  void read_figures();
  void read_strategies();
  void read_authorization();
  void read_tls();

  const Properties& given_;
  const std::function<std::string(std::string_view)>& find_file_;
  RegistrySettings settings_;
  std::string url_user_info_;
  bool url_user_infos_differ_ = false;
  std::vector<PropertyProblem> problems_;
};

void Reader::read_urls() {
  const auto list = find_exact("schema.registry.url");
  if (!list) return problem("schema.registry.url", "is needed: the URL of the schema registry");
  std::string_view rest = list->text;
  for (std::size_t entry = 1;; ++entry) {
    const auto comma = rest.find(',');
    if (entry > urls_max) return problem(list->key, "names more than " + std::to_string(urls_max) + " URLs");
    // The text may hold a password, so it is not shown.
    if (auto url = read_url(trimmed(rest.substr(0, comma)))) {
      if (settings_.urls.empty()) url_user_info_ = url->user_info;
      url_user_infos_differ_ |= url->user_info != url_user_info_;
      settings_.urls.push_back(std::move(url->text));
    } else {
      problem(list->key, "entry " + std::to_string(entry) + " " + url.error());
    }
    if (comma == std::string_view::npos) return;
    rest.remove_prefix(comma + 1);
  }
}

void Reader::read_flags() {
  bool own = true;
  bool prefixed = true;
  flag(find_exact("auto.register.schemas"), own);
  flag(find_exact("schema.registry.auto.register.schemas"), prefixed);
  settings_.auto_register = own && prefixed;
  flag(find("normalize.schemas"), settings_.normalize);
  flag(find("use.latest.version"), settings_.use_latest_version);
  flag(find("latest.compatibility.strict"), settings_.latest_compatibility_strict);
}

void Reader::read_figures() {
  if (const auto entries = figure(find_exact("schema.registry.cache"), 1, 1'000'000))
    settings_.cache_entries_max = static_cast<std::size_t>(*entries);
  if (const auto limit = figure(find_exact("schema.registry.request.timeout.ms"), 1, 300'000))
    settings_.request_timeout = std::chrono::milliseconds(*limit);
  if (const auto age = figure(find("latest.cache.ttl.sec"), -1, ageless.count()))
    settings_.latest_age = *age < 0 ? ageless : std::chrono::seconds(*age);
}

void Reader::read_strategies() {
  const auto read = [this](std::string_view name, SubjectStrategy& out) {
    const auto found = find(name);
    if (!found) return;
    constexpr std::array<std::pair<std::string_view, SubjectStrategy>, 3> names{
        {{"TopicName", SubjectStrategy::topic_name},
         {"RecordName", SubjectStrategy::record_name},
         {"TopicRecordName", SubjectStrategy::topic_record_name}}};
    constexpr std::string_view suffix = "Strategy";
    auto text = found->text;
    text.remove_prefix(text.rfind('.') + 1);
    if (text.size() > suffix.size() && equal_any_case(text.substr(text.size() - suffix.size()), suffix))
      text.remove_suffix(suffix.size());
    const auto* const known =
        std::ranges::find_if(names, [text](const auto& each) { return equal_any_case(each.first, text); });
    if (known == names.end()) return problem(found->key, "must be TopicName, RecordName or TopicRecordName");
    out = known->second;
  };
  read("key.subject.name.strategy", settings_.key_subjects);
  read("value.subject.name.strategy", settings_.value_subjects);
}

void Reader::read_authorization() {
  const auto source = find("basic.auth.credentials.source");
  const auto user_info = find("basic.auth.user.info");
  const bool from_user_info = source ? equal_any_case(source->text, "USER_INFO") : user_info.has_value();
  if (source && !from_user_info && !equal_any_case(source->text, "URL"))
    return problem(source->key, "must be USER_INFO or URL");
  if (from_user_info) {
    if (!user_info) return problem("basic.auth.user.info", "is needed with basic.auth.credentials.source=USER_INFO");
    if (user_info->text.find(':') == std::string_view::npos)
      return problem(user_info->key, "must have the form user:password");
    settings_.authorization = basic(user_info->text);
  } else if (url_user_infos_differ_) {
    return problem("schema.registry.url", "must have the same user information in every entry");
  } else if (!url_user_info_.empty()) {
    settings_.authorization = basic(url_user_info_);
  }

  const auto bearer = find("bearer.auth.credentials.source");
  const auto token = find("bearer.auth.token");
  if (bearer && !equal_any_case(bearer->text, "STATIC_TOKEN"))
    return problem(bearer->key, "must be STATIC_TOKEN, the only source of tokens that there is");
  if (!token) {
    if (bearer) problem("bearer.auth.token", "is needed with bearer.auth.credentials.source=STATIC_TOKEN");
    return;
  }
  if (!settings_.authorization.empty()) return problem(token->key, "cannot be used beside basic authentication");
  if (!std::ranges::all_of(token->text, [](char c) { return c > ' ' && c < '\x7F'; }))
    return problem(token->key, "holds a character that no token has");
  settings_.authorization = Secret("Bearer " + std::string(token->text));
}

void Reader::read_tls() {
  const auto secret = [this](std::string_view name) {
    const auto found = find_exact(std::string(prefix) + std::string(name));
    return found ? Secret(std::string(found->text)) : Secret();
  };
  const auto use = [this](std::string_view name, auto read) {
    const auto location = find_exact(std::string(prefix) + std::string(name));
    if (!location) return;
    try {
      read(find_file_(location->text));
    } catch (const std::exception& error) {
      problem(location->key, std::string("cannot be used: ") + error.what());
    }
  };
  use("ssl.truststore.location", [&](const std::string& path) {
    settings_.trusted = std::make_shared<const std::vector<security::CertificateHandle>>(
        security::read_trust_store(path, secret("ssl.truststore.password")));
  });
  use("ssl.keystore.location", [&](const std::string& path) {
    settings_.key_store = std::make_shared<const security::KeyStore>(
        security::read_key_store(path, secret("ssl.keystore.password"), secret("ssl.key.password")));
  });

  const std::string key = "schema.registry.ssl.endpoint.identification.algorithm";
  const auto algorithm = text_at(key);
  if (!algorithm) return;
  settings_.verify_hostname = !algorithm->empty();
  if (!algorithm->empty() && !equal_any_case(*algorithm, "https"))
    problem(key, "must be https, or empty to switch the check of host names off");
}

}  // namespace

std::string subject_of(SubjectStrategy strategy, std::string_view topic, bool is_key, std::string_view record_name) {
  std::string subject;
  switch (strategy) {
    case SubjectStrategy::topic_name:
      return subject.append(topic).append(is_key ? "-key" : "-value");
    case SubjectStrategy::record_name:
      return subject.append(record_name);
    case SubjectStrategy::topic_record_name:
      return subject.append(topic).append("-").append(record_name);
  }
  std::unreachable();
}

std::expected<RegistrySettings, std::vector<PropertyProblem>> read_settings(
    const Properties& properties, const std::function<std::string(std::string_view location)>& find_file) {
  return Reader(properties, find_file).read();
}

}  // namespace sidecar::registry
