FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image is the Node to use, so the one that the project brings need not be set up.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional packages are the embedded PostgreSQL: here DATABASE_URL names the server.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force
COPY bin bin
COPY sql sql
COPY --from=build /app/dist dist
USER node
ENTRYPOINT ["node", "bin/conversation-metrics.js"]
CMD ["start"]
