// The page needs nothing from elsewhere, and keeps nothing: the token is typed once per visit.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  validatorUrl: null,
  deepLinking: false,
  persistAuthorization: false,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
});
