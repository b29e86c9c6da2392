const root = document.documentElement;
const buttons = document.querySelectorAll("[data-language]");
const isLanguage = (name) => [...buttons].some((button) => button.dataset.language === name);
function show(language) {
  root.lang = language;
  document.title = root.getAttribute(`data-title-${language}`);
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.language === language));
}
function showWhatTheAddressNames() {
  const language = location.hash.slice(1);
  if (isLanguage(language)) show(language);
}
for (const button of buttons) {
  button.addEventListener("click", () => {
    location.hash = button.dataset.language;
    show(button.dataset.language);
  });
}
for (const link of document.querySelectorAll("nav a")) {
  // The address keeps the language; the link moves there all the same.
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector(link.getAttribute("href")).scrollIntoView();
  });
}
document.querySelector(".languages").hidden = false;
show(root.lang);
showWhatTheAddressNames();
addEventListener("hashchange", showWhatTheAddressNames);
